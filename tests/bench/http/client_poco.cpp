#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>

#include <istream>
#include <vector>

#include "client.h"

namespace bench {

namespace {

using namespace Poco::Net;

class Pocos final : public Client {
 public:
  explicit Pocos(const Place& place) : buffer_(kRead) {
    if (place.ca.empty()) {
      session_ = std::make_unique<HTTPClientSession>("127.0.0.1", place.port);
    } else {
      Context::Ptr context =
          new Context(Context::CLIENT_USE, "", "", place.ca, Context::VERIFY_STRICT, 9, false);
      session_ = std::make_unique<HTTPSClientSession>("localhost", place.port, context);
    }
    session_->setKeepAlive(true);
  }

  std::uint64_t get(const std::string& target) override {
    HTTPRequest request(HTTPRequest::HTTP_GET, target, HTTPMessage::HTTP_1_1);
    session_->sendRequest(request);
    HTTPResponse response;
    std::istream& body = session_->receiveResponse(response);
    std::uint64_t size = 0;
    while (body.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size())) ||
           body.gcount() > 0)
      size += static_cast<std::uint64_t>(body.gcount());
    return size;
  }

 private:
  std::unique_ptr<HTTPClientSession> session_;
  std::vector<char> buffer_;
};

}  // namespace

std::unique_ptr<Client> make_client(const Place& place) {
  return std::make_unique<Pocos>(place);
}

}  // namespace bench
