#define CPPHTTPLIB_OPENSSL_SUPPORT
#include <httplib.h>

#include <stdexcept>

#include "client.h"

namespace bench {

namespace {

class Httplib final : public Client {
 public:
  explicit Httplib(const Place& place)
      : client_((place.ca.empty() ? "http://localhost:" : "https://localhost:") +
                std::to_string(place.port)) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_address_family(AF_INET);
    if (!place.ca.empty()) client_.set_ca_cert_path(place.ca.c_str());
  }

  std::uint64_t get(const std::string& target) override {
    std::uint64_t size = 0;
    const auto result = client_.Get(target.c_str(), [&size](const char*, std::size_t n) {
      size += n;
      return true;
    });
    if (!result) throw std::runtime_error("httplib: " + httplib::to_string(result.error()));
    return size;
  }

 private:
  httplib::Client client_;
};

}  // namespace

std::unique_ptr<Client> make_client(const Place& place) {
  return std::make_unique<Httplib>(place);
}

}  // namespace bench
