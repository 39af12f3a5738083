// Cookie jars and multipart/form-data, against Python's http.cookiejar and email.
#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace test;

ProcessResult python(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(),
                   {find_program("python3", "python3"),
                    std::string(PROTO_SOURCE_DIR) + "/tests/e2e/http_python.py"});
  ProcessOptions options;
  options.input = input;
  return run(arguments, options);
}

TEST(HttpPython, ReadsOurJar) {
  const TempFolder folder;
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"),
       send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
            "Set-Cookie: a=1; Path=/\r\n"
            "Set-Cookie: b=two words; Path=/p; Expires=Fri, 01 Jan 2100 00:00:00 GMT\r\n"
            "Set-Cookie: c=3; Path=/; Domain=example.org; HttpOnly\r\n\r\n")});
  const std::string port = std::to_string(peer.port());
  const auto result =
      run({our_program("httpget"), "-c", folder.file("jar"), "--resolve",
           "www.example.org:" + port + ":127.0.0.1", "http://www.example.org:" + port + "/"});
  EXPECT_EQ(result.status, 0) << result.describe();
  const auto read = python({"read-jar", folder.file("jar")});
  EXPECT_EQ(read.out,
            "a 1 www.example.org / False False False\n"
            "b two words www.example.org /p False True False\n"
            "c 3 .example.org / False False True\n")
      << read.err << read_file(folder.file("jar"));
}

TEST(HttpPython, WritesAJarThatWeRead) {
  const TempFolder folder;
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"), send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")});
  const std::string port = std::to_string(peer.port());
  ASSERT_EQ(python({"write-jar", folder.file("jar"), "www.example.org"}).status, 0);
  EXPECT_EQ(run({our_program("httpget"), "-b", folder.file("jar"), "--resolve",
                 "www.example.org:" + port + ":127.0.0.1", "http://www.example.org:" + port + "/"})
                .status,
            0);
  const std::string request = peer.received();
  for (const char* sent : {"session=1", "kept=a b", "wide=w"})
    EXPECT_NE(request.find(sent), std::string::npos) << sent << " in " << request;
  for (const char* held : {"old=", "safe=", "other="})
    EXPECT_EQ(request.find(held), std::string::npos) << held << " in " << request;
}

TEST(HttpPython, ReadsOurForms) {
  const TempFolder folder;
  const std::string binary("a\0b\r\n--x\r\n\xff", 11);
  folder.write("some \"file\".bin", binary);
  folder.write("text", "from a file\n");
  const auto form = run({our_program("httpget"), "--dry-run", "-F", "plain=value", "-F",
                         "file=@" + folder.file("some \"file\".bin") + ";type=application/x-test",
                         "-F", "named=@" + folder.file("text") + ";filename=other.txt", "-F",
                         "text=<" + folder.file("text"), "-F", "empty=", "http://127.0.0.1/form"});
  EXPECT_EQ(form.status, 0) << form.describe();
  const auto read = python({"read-form"}, form.out);
  EXPECT_EQ(read.out,
            "multipart/form-data\nlength True\n"
            "plain|None|text/plain|b'value'\n"
            "file|some %22file%22.bin|application/x-test|b'a\\x00b\\r\\n--x\\r\\n\\xff'\n"
            "named|other.txt|text/plain|b'from a file\\n'\n"
            "text|None|text/plain|b'from a file\\n'\n"
            "empty|None|text/plain|b''\n")
      << read.err << form.out;
}

}  // namespace
}  // namespace proto
