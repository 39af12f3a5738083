// Certificates for tests, by openssl(1).
#include <stdexcept>

#include "support/servers.h"

namespace proto::test {

namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), find_program("openssl", "openssl"));
  const ProcessResult result = run(arguments);
  if (result.status != 0) throw std::runtime_error("openssl: " + result.describe());
}

// A key and a certificate NAME.pem signed by ca.pem, or by itself where it is the CA.
void issue(const TempFolder& folder, const std::string& name, const std::string& common_name,
           const std::vector<std::string>& extensions) {
  std::vector<std::string> arguments = {"req",
                                        "-x509",
                                        "-newkey",
                                        "ec",
                                        "-pkeyopt",
                                        "ec_paramgen_curve:P-256",
                                        "-nodes",
                                        "-days",
                                        "30",
                                        "-subj",
                                        "/CN=" + common_name,
                                        "-keyout",
                                        folder.file(name + ".key"),
                                        "-out",
                                        folder.file(name + ".pem")};
  if (name != "ca") {
    for (const char* part : {"-CA", "ca.pem", "-CAkey", "ca.key"})
      arguments.push_back(part[0] == '-' ? part : folder.file(part));
  }
  for (const std::string& extension : extensions) {
    arguments.emplace_back("-addext");
    arguments.push_back(extension);
  }
  openssl(arguments);
}

}  // namespace

const Certificates& test_certificates() {
  static const TempFolder folder;
  static const Certificates files = [] {
    issue(folder, "ca", "libproto test CA", {"keyUsage=critical,keyCertSign,cRLSign"});
    issue(folder, "server", "localhost",
          {"basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth",
           "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"});
    issue(folder, "client", "client",
          {"basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth"});
    return Certificates{folder.file("ca.pem"), folder.file("server.pem"), folder.file("server.key"),
                        folder.file("client.pem"), folder.file("client.key")};
  }();
  return files;
}

}  // namespace proto::test
