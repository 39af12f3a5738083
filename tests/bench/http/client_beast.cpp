// Tuned: a buffer that takes 64 KiB at once, and a body that is handed on and not kept.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <limits>
#include <optional>
#include <vector>

#include "client.h"

namespace bench {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

class Beast final : public Client {
 public:
  explicit Beast(const Place& place) : chunk_(kRead) {
    const tcp::endpoint where(boost::asio::ip::address_v4::loopback(), place.port);
    if (place.ca.empty()) {
      plain_.emplace(io_);
      plain_->connect(where);
      plain_->socket().set_option(tcp::no_delay(true));
    } else {
      context_.load_verify_file(place.ca);
      context_.set_verify_mode(boost::asio::ssl::verify_peer);
      secure_.emplace(io_, context_);
      beast::get_lowest_layer(*secure_).connect(where);
      beast::get_lowest_layer(*secure_).socket().set_option(tcp::no_delay(true));
      secure_->handshake(boost::asio::ssl::stream_base::client);
    }
    buffer_.reserve(kRead);
  }

  std::uint64_t get(const std::string& target) override {
    return plain_ ? fetch(*plain_, target) : fetch(*secure_, target);
  }

 private:
  template <typename Stream>
  std::uint64_t fetch(Stream& stream, const std::string& target) {
    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, "localhost");
    http::write(stream, request);
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    http::read_header(stream, buffer_, parser);
    std::uint64_t size = 0;
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = chunk_.data();
      body.size = chunk_.size();
      beast::error_code error;
      http::read(stream, buffer_, parser, error);
      if (error && error != http::error::need_buffer) throw beast::system_error(error);
      size += chunk_.size() - body.size;
    }
    return size;
  }

  boost::asio::io_context io_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_client};
  std::optional<beast::tcp_stream> plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> secure_;
  beast::flat_buffer buffer_;
  std::vector<char> chunk_;
};

}  // namespace

std::unique_ptr<Client> make_client(const Place& place) {
  return std::make_unique<Beast>(place);
}

}  // namespace bench
