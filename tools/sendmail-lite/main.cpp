// sendmail-lite: takes the place of sendmail, and never loses a mail.
#include "common/program.h"
#include "sendmail-lite/program.h"

int main(int argc, char** argv) {
  proto::tools::start_program("sendmail-lite");
  const std::vector<std::string> words(argv, argv + argc);
  return proto::sendmail::run_program(
      words.empty() ? "sendmail-lite" : words.front(),
      std::vector<std::string>(words.begin() + (words.empty() ? 0 : 1), words.end()));
}
