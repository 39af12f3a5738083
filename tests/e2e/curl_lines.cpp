// (What differs by intent is not here: for a status of 400 or above FILE stays as it was, and the
// exit status is 22 even without -f.) A day's worth of curl command lines, as common documentation
// has them: httpget in curl's place gives the same bytes.
#include <algorithm>

#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

class CurlLines : public testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    std::string script = PROTO_SOURCE_DIR;
    script += "/tests/e2e/echo_server.py";
    echo_ = new Child({find_program("python3", "python3"), script});
    echo_port_ = echo_->read_line();
    nginx_ = new Nginx("location /files/ { etag on; if_modified_since before; }");
    nginx_->add_file("files/data.txt", "0123456789abcdefghijklmnopqrstuvwxyz\n");
  }
  static void TearDownTestSuite() {
    delete echo_;
    delete nginx_;
  }

  // What a line gives: its output, the files that it left, and whether it went well.
  static std::string outcome(const std::string& program, std::string line) {
    const TempFolder folder;
    folder.write("form.txt", "first line\nsecond line\n");
    folder.write("data.json", "{\"a\": 1}");
    folder.write("config", "x");
    folder.write("netrc", "machine 127.0.0.1 login ann password secret\n");
    folder.write("jar", "127.0.0.1\tFALSE\t/\tFALSE\t0\tfrom\tjar\n");
    folder.write("part.txt", "0123456789");
    folder.write("lines.txt", "X-Test: one\r\n\r\nAccept:\n");
    const auto put = [&line](const std::string& name, const std::string& value) {
      for (auto at = line.find(name); at != std::string::npos;
           at = line.find(name, at + value.size())) {
        line.replace(at, name.size(), value);
      }
    };
    put("ECHO", "http://127.0.0.1:" + echo_port_);
    put("FILES", "http://127.0.0.1:" + std::to_string(nginx_->port()) + "/files");
    put("TLS", "https://localhost:" + std::to_string(nginx_->tls_port()) + "/files");
    put("CA", test_certificates().ca_file);
    put("H2C", nginx_->h2c_socket());
    put("PORT", echo_port_);
    ProcessOptions options;
    options.folder = folder.path();
    options.unset = {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY",
                     "ALL_PROXY",  "NO_PROXY",    "no_proxy"};
    const auto result = run({"sh", "-c", "exec '" + program + "' " + line}, options);
    std::string text = result.status == 0 ? "ok\n" : "failed\n";
    text += result.out;
    for (const char* file : {"out", "data.txt", "head", "part.txt", "tag"}) {
      const auto content = run({"cat", file}, options);
      if (content.status == 0) text += std::string("\n== ") + file + "\n" + content.out;
    }
    return text;
  }

  static Child* echo_;
  static std::string echo_port_;
  static Nginx* nginx_;
};
Child* CurlLines::echo_ = nullptr;
std::string CurlLines::echo_port_;
Nginx* CurlLines::nginx_ = nullptr;

TEST_P(CurlLines, GiveTheSameBytes) {
  const std::string line = GetParam();
  // curl shows its errors and its progress on stderr; only bytes are compared.
  EXPECT_EQ(outcome(our_program("httpget"), "-s " + line),
            outcome(find_program("curl", "curl"), "-s " + line));
}

INSTANTIATE_TEST_SUITE_P(
    Documentation, CurlLines,
    testing::Values(
        "ECHO/", "ECHO/path?query=1", "127.0.0.1:PORT/no-scheme", "-o out FILES/data.txt",
        "-O FILES/data.txt", "FILES/data.txt FILES/data.txt",
        "-o out FILES/data.txt -o part.txt ECHO/second", "-X DELETE ECHO/thing",
        "-X PATCH -d change=1 ECHO/thing", "-d name=curl ECHO/form",
        "-d name=curl -d tool=cmdline ECHO/form", "--data 'a b&c' ECHO/form",
        "-d @form.txt ECHO/form", "--data-binary @form.txt ECHO/form",
        "--data-raw '@not-a-file' ECHO/form", "--data-urlencode 'q=a b&c=d' ECHO/form",
        "--data-urlencode 'name@form.txt' ECHO/form", "--data-urlencode '=a/b' ECHO/form",
        "-G -d q=1 -d r=2 ECHO/search", "-G --data-urlencode 'q=to be' ECHO/search?x=y",
        "--json '{\"a\":1}' ECHO/api", "--json @data.json ECHO/api", "-H 'X-Test: value' ECHO/",
        "-H 'X-Empty;' ECHO/", "-H 'Accept:' ECHO/", "-H 'Accept: text/plain' ECHO/",
        "-H 'Content-Type: application/xml' -d '<a/>' ECHO/", "-A 'Mozilla/5.0' ECHO/",
        "-e http://ref.example/ ECHO/", "-b 'a=1; b=2' ECHO/", "-b jar ECHO/",
        "-b '' ECHO/set ECHO/after", "-c out -o head ECHO/set --next-is-not-there",
        "-u ann:secret ECHO/login", "-u ann:secret --basic ECHO/login",
        "--anyauth -u ann:secret ECHO/login", "--netrc-file netrc ECHO/login",
        "-L ECHO/redirect/302?x", "ECHO/redirect/302?x", "-L -d a=b ECHO/redirect/302",
        "-L -d a=b ECHO/redirect/307", "-L -d a=b ECHO/redirect/303",
        "-L --max-redirs 0 -o out ECHO/redirect/301", "--compressed ECHO/gzip",
        "-r 5 FILES/data.txt", "-H @lines.txt -H 'X-Empty;' ECHO/", "-T . ECHO/upload <form.txt",
        "-H 'Transfer-Encoding: chunked' -d abc ECHO/upload",
        "-F 'f=@form.txt;filename=z' ECHO/multi", "-F 'a=b;filename=z.y' ECHO/multi",
        "-F 'a=b;headers=\"X-A: b\"' ECHO/multi", "-F 'a=\"b' ECHO/multi",
        "-F a=b --form-string 'c=@d;type=e' ECHO/multi", "--form-escape -F 'a\"b=c' ECHO/multi",
        "-g -N -L --max-redirs -1 ECHO/redirect/302", "-n ECHO/", "-m 0 ECHO/",
        "-w '%{local_ip} %{http_connect} %{ftp_entry_path}%{onerror}never' ECHO/",
        "-w 'a\\\\n%{http_code}' -o out ECHO/",
        "-w 'a%{stderr}b%{stdout}c%{onerror}d' -o out http://127.0.0.1:1/", "-6 ECHO/",
        "-r 0-4 FILES/data.txt", "-r -5 FILES/data.txt", "-C - -o part.txt FILES/data.txt",
        "-T form.txt ECHO/upload", "-T form.txt ECHO/folder/", "-T - ECHO/upload <form.txt",
        "-z 'Mon, 01 Jan 2035 00:00:00 GMT' -w '%{http_code}' FILES/data.txt",
        "--etag-save tag -o out FILES/data.txt",
        "-w '%{http_code} %{size_download} %{content_type}\\n' -o out FILES/data.txt",
        "-w '%{url_effective}' -L ECHO/redirect/301",
        "-w '%{num_redirects} %{method}' -o out -L ECHO/redirect/301", "-f ECHO/status/404",
        "-f -o out ECHO/status/500", "-m 10 --connect-timeout 5 ECHO/",
        "--resolve www.example.org:PORT:127.0.0.1 http://www.example.org:PORT/",
        "--connect-to www.example.org:80:127.0.0.1:PORT http://www.example.org/",
        "--cacert CA TLS/data.txt", "-k TLS/data.txt", "TLS/data.txt",
        "--tlsv1.2 --cacert CA TLS/data.txt", "--noproxy '*' -x 127.0.0.1:1 ECHO/",
        "-x 127.0.0.1:PORT http://www.example.org/proxied", "-F a=b -F c=d ECHO/multi",
        "-F 'f=@form.txt' ECHO/multi", "-F 'f=<form.txt' ECHO/multi",
        "-F 'f=@form.txt;type=text/x-y;filename=z' ECHO/multi", "--url-query a=b ECHO/path",
        "--limit-rate 1M FILES/data.txt", "--max-filesize 10 -o out FILES/data.txt", "-0 ECHO/",
        "--http1.1 ECHO/", "-4 ECHO/", "-Z -o out FILES/data.txt -o part.txt FILES/data.txt",
        "--url-query '+raw=a%20b' ECHO/path", "-F 'f=@form.txt;filename=z.html' ECHO/multi",
        "-z '1 Feb 2035' -w '%{http_code}' FILES/data.txt",
        "-e http://ref.example/ -d abc -w '%{scheme} %{size_upload} %{urlnum} %{referer} "
        "%{ssl_verify_result} %{proxy_ssl_verify_result} %{http_version}' ECHO/form",
        "-d abc -w '%{size_upload}' http://127.0.0.1:1/", "-d abc -w '%{size_upload}' TLS/data.txt",
        "-T form.txt -w '%{size_upload}' http://127.0.0.1:1/",
        "-d abc -L -w '%{size_upload}' ECHO/redirect/307",
        "-L -o out -w '%{num_redirects} %{num_connects} %{redirect_url}' ECHO/redirect/302",
        "-o out -w '%{http_version} %{filename_effective} %{exitcode}' http://127.0.0.1:1/",
        "-S ECHO/", "--retry 1 ECHO/", "ftp://127.0.0.1/x", "http://127.0.0.1:1/"));

#if PROTO_WITH_NGHTTP2
INSTANTIATE_TEST_SUITE_P(
    HTTP2, CurlLines,
    testing::Values(
        "--http2 --cacert CA -w '%{http_version} %{num_connects}' TLS/data.txt TLS/data.txt",
        "--http2 --http1.1 --cacert CA -w '%{http_version}' TLS/data.txt",
        "--http2 -w '%{http_version}' FILES/data.txt", "--http2 -r 3-5 --cacert CA TLS/data.txt",
        "--http2-prior-knowledge -w '%{http_version}' --unix-socket H2C "
        "http://localhost/files/data.txt",
        "--http2-prior-knowledge -w '%{http_version}' --cacert CA TLS/data.txt",
        "--http2-prior-knowledge FILES/data.txt"));
#endif

}  // namespace
}  // namespace proto
