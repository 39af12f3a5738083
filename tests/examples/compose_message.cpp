// Composes a message with an umlaut in its subject, an HTML alternative and an attachment, and
// prints it as it goes over the wire.
#include <proto/message.h>

#include <iostream>

int main() {
  proto::Message message;
  message.from("Jörg Müller <joerg@example.org>").to("Ann <ann@example.net>, bob@example.net");
  message.subject("Grüße aus Köln");
  message.text("Hallo Ann,\nder Bericht hängt an.\n");
  message.html("<p>Hallo Ann,<br>der Bericht hängt an.</p>\n");
  message.attach("Bericht für März.csv", "Tag;Grad\n1;7\n");
  std::cout << message.to_string();
}
