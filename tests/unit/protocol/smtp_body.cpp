#include "protocol/smtp_body.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

class TextSource : public MessageSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const override { return text_.size(); }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) override {
    return text_.copy(into.data(), into.size(), offset);
  }

 private:
  std::string text_;
};

std::string numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + "\r\n";
  return text;
}

// All of it, twice.
void expect_text(SMTPBody& body, std::string_view text) {
  for (int round = 0; round < 2; ++round) {
    std::string got;
    for (body.rewind(); !body.at_end();) got += body.next();
    ASSERT_EQ(got, text);
    ASSERT_EQ(body.size(), text.size());
  }
}

TEST(SMTPBody, AnotherFrontAndAnotherAgain) {
  for (const std::size_t size : {100U, 20'000U, 300'000U, 600'000U}) {
    const std::string original = numbers(size);
    TextSource source(original);
    SMTPBody of_source(source), of_text{std::string_view(original)};
    std::string text = original;
    const auto replace = [&](std::size_t bytes, const std::string& front) {
      std::string now = front + text.substr(bytes);
      for (SMTPBody* const body : {&of_source, &of_text}) {
        body->replace_front(bytes, front);
        expect_text(*body, now);
      }
      text = std::move(now);
    };
    expect_text(of_source, text);
    replace(10, std::string(50, 'a'));
    replace(20, "b");
    replace(40, std::string(100, 'c'));
    replace(text.size(), "none of it");
  }
}

}  // namespace
}  // namespace proto
