// Messages and another implementation: what we compose Python's email package reads, and what it
// composes we read; both sides must see the same.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/base64.h"
#include "proto/message.h"
#include "proto/message_edit.h"

namespace proto {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "proto-message-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp: " << name;
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

  void add(std::size_t number, std::string_view message) {
    std::ofstream(path_ / (std::to_string(1000 + number) + ".eml"), std::ios::binary) << message;
  }

  // Runs the script over this folder.
  void python(const std::string& mode) const {
    const std::string command = "python3 '" PROTO_SOURCE_DIR "/tests/e2e/message_python.py' " +
                                mode + " '" + path_.string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  std::vector<fs::path> messages() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == ".eml") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  fs::path path_;
};

std::string shown(const AddressList& list) {
  std::string out;
  for (const MailAddress& a : list.addresses) {
    out += (out.empty() ? "" : ", ") + a.display_name + "|" + a.address();
  }
  return out;
}

void dump_part(const MessagePart& part, std::string& out) {
  out += "part: " + part.type() + "\n";
  const std::string name = part.file_name();
  if (!name.empty()) out += "name: " + name + "\n";
  if (part.parts().empty()) {
    const bool as_text = part.is_text() && name.empty();
    out += "content: " + hex_encode(as_text ? part.text() : part.bytes()) + "\n";
  }
  for (const MessagePart& child : part.parts()) dump_part(child, out);
}

// What message_python.py says of the same message.
std::string dump(std::string_view raw) {
  const ParsedMessage message(raw);
  std::string out = "subject: " + message.subject() + "\nfrom: " + shown(message.from()) +
                    "\nto: " + shown(message.to()) + "\n";
  if (const auto date = message.date()) {
    out += "date: " + std::to_string(date->time.time_since_epoch().count()) + " " +
           std::to_string(date->offset.count()) + "\n";
  }
  dump_part(message.root(), out);
  for (const MessageDefect defect : message.defects()) {
    out += "defect: " + std::string(to_string(defect)) + "\n";
  }
  return out;
}

void expect_same_view(const Folder& folder, std::size_t at_least) {
  const auto messages = folder.messages();
  EXPECT_GE(messages.size(), at_least);
  for (const fs::path& path : messages) {
    const std::string raw = read_file(path);
    EXPECT_EQ(dump(raw), read_file(fs::path(path).replace_extension(".dump"))) << raw;
  }
}

std::vector<Message> composed() {
  std::vector<Message> all;
  const auto start = [](std::string_view subject) {
    Message message;
    message.from("Jörg Müller <joerg@example.org>").subject(subject);
    message.to(
        "Ann <ann@example.net>, \"Bob, the \\\"Builder\\\"\" <bob@example.net>, 山田 <y@x.jp>");
    return message;
  };
  std::string emoji;
  for (int i = 0; i < 60; ++i) emoji += "😀 größer ";
  for (const std::string& text :
       {std::string("plain"), std::string("Grüße aus Köln"), std::string("日本語のとても長い件名"),
        emoji, std::string("a=?utf-8?Q?b?= = c"), std::string(1200, 'x'),
        std::string("two  blanks")}) {
    all.push_back(start(text).text(text + "\n"));
  }
  Message full = start("Alles");
  full.text("text ü\n").html("<img src='cid:p@x'> ü\n").embed("p@x", {"p.png", {}, "\x89PNG"});
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes += static_cast<char>(i * 7);
  full.attach("Bericht für März.pdf", bytes).attach("plain.bin", "abc");
  std::string long_name(150, 'n');
  long_name += "日本.bin";
  full.attach(long_name, "x").attach("quo\"te; x.bin", "y");
  all.push_back(full);
  all.push_back(start("attached message")
                    .text("see\n")
                    .attach("old.eml", start("inner ü").text("inner ü\n").to_string()));
  return all;
}

TEST(MessagePython, ReadsWhatWeCompose) {
  Folder folder;
  std::size_t number = 0;
  for (const Message& message : composed()) {
    folder.add(number++, message.to_string());
    folder.add(number++, message.to_string({true}));
  }
  folder.python("dump");
  expect_same_view(folder, 18);
}

TEST(MessagePython, ComposesWhatWeRead) {
  Folder folder;
  folder.python("compose");
  expect_same_view(folder, 30);
}

TEST(MessagePython, SeesTheSameInWhatWeReencode) {
  Folder folder;
  std::size_t number = 0;
  for (const Message& message : composed()) {
    const Reencoded result = to_7bit(message.to_string({true}));
    ASSERT_TRUE(result.message) << result.why_not;
    folder.add(number++, *result.message);
  }
  folder.python("dump");
  expect_same_view(folder, 9);
  for (const fs::path& path : folder.messages()) {
    EXPECT_TRUE(analyse_message(read_file(path)).is_plain());
  }
}

}  // namespace
}  // namespace proto
