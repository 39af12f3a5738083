#include "client.h"
#include "proto/http.h"

namespace bench {

namespace {

proto::HTTPOptions options(const Place& place, bool pipeline) {
  proto::HTTPOptions out;
  out.pipeline = pipeline;
  if (place.ca.empty()) return out;
  proto::TLSOptions tls;
  tls.ca_file = place.ca;
  out.tls = true;
  out.connect.tls = proto::TLSContext::client(tls);
  return out;
}

// Looks at the body where it stands in the connection's buffer, as libcurl's callback does.
class Ours final : public Client {
 public:
  explicit Ours(const Place& place)
      : place_(place),
        connection_("localhost", place.port, options(place, false)),
        pipeline_("localhost", place.port, options(place, true)) {}

  std::uint64_t get(const std::string& target) override {
    connection_.request("GET", target);
    return take(connection_);
  }

  std::uint64_t pipelined(const std::string& target, int depth) override {
    connection_.close();  // the server has one connection at a time
    for (int i = 0; i < depth; ++i) pipeline_.request("GET", target);
    std::uint64_t size = 0;
    for (int i = 0; i < depth; ++i) size += take(pipeline_);
    return size;
  }

 private:
  std::uint64_t take(proto::HTTPConnection& connection) {
    auto response = connection.getresponse();
    while (!response.read_view().empty()) {
    }
    return response.received();
  }

  Place place_;
  proto::HTTPConnection connection_, pipeline_;
};

}  // namespace

std::unique_ptr<Client> make_client(const Place& place) {
  return std::make_unique<Ours>(place);
}

}  // namespace bench
