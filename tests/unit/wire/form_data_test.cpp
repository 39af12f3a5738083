#include "wire/form_data.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto {
namespace {

// The body, with "<PATH>" where a file goes.
std::string body(FormData& form) {
  std::string text;
  for (const FormData::Segment& segment : form.take_segments())
    text += segment.path.empty() ? segment.bytes : "<" + segment.path + ">";
  return text;
}

TEST(FormData, HoldsValuesAndFiles) {
  FormData form("B");
  form.add("a", "1\r\n2");
  form.add("b", "{}", "application/json");
  form.add_file("c", "/tmp/x", 10, {.file_name = "x.bin"});
  form.add_file("d", "/tmp/y", 5, {.file_name = {}, .content_type = {}, .fields = {{"X", "y"}}});
  EXPECT_EQ(form.content_type(), "multipart/form-data; boundary=B");
  const auto size = form.size();
  const std::string text = body(form);
  EXPECT_EQ(
      text,
      "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"b\"\r\nContent-Type: "
      "application/json\r\n\r\n{}\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"c\"; filename=\"x.bin\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n</tmp/x>\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"d\"\r\nX: y\r\n\r\n</tmp/y>\r\n--B--\r\n");
  EXPECT_EQ(size, text.size() - 8 - 8 + 15) << "8 octets name each file here";
}

TEST(FormData, KnowsNoSizeWhereAFilesIsNotKnown) {
  FormData form;
  form.add_file("a", "-", std::nullopt, {});
  EXPECT_EQ(form.size(), std::nullopt);
  EXPECT_NE(form.content_type(), FormData().content_type()) << "boundaries are random";
}

TEST(FormData, EmptyOnesAreWhole) {
  FormData form("B");
  EXPECT_EQ(form.size(), 7U);
  EXPECT_EQ(body(form), "--B--\r\n");
}

TEST(FormData, AValueMayBeAFileToTheServer) {
  FormData form("B", FormData::Escape::backslash);
  form.add("a\"\\", "1", {.file_name = "x\".y", .content_type = {}, .fields = {{"X", "z"}}});
  EXPECT_EQ(body(form),
            "--B\r\nContent-Disposition: form-data; name=\"a\\\"\\\\\"; filename=\"x\\\".y\"\r\n"
            "X: z\r\n\r\n1\r\n--B--\r\n");
  EXPECT_THROW(form.add("a\r\nX: y", ""), std::invalid_argument);
}

TEST(FormData, NamesCannotBreakOut) {
  FormData form("B");
  form.add("a\"; x=\"\r\nX: y", "");
  EXPECT_NE(body(form).find("name=\"a%22; x=%22%0D%0AX: y\"\r\n\r\n"), std::string::npos);
  EXPECT_THROW(form.add(std::string_view("a\0", 2), ""), std::invalid_argument);
  EXPECT_THROW(form.add("a", "", "text/plain\r\nX: y"), std::invalid_argument);
  EXPECT_THROW(form.add_file("a", "", 0, {}), std::invalid_argument);
}

}  // namespace
}  // namespace proto
