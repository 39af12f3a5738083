#include <curl/curl.h>

#include <stdexcept>

#include "client.h"

namespace bench {

namespace {

std::size_t discard(char*, std::size_t size, std::size_t count, void* total) {
  *static_cast<std::uint64_t*>(total) += size * count;
  return size * count;
}

class Curl final : public Client {
 public:
  explicit Curl(const Place& place)
      : handle_(curl_easy_init()),
        base_((place.ca.empty() ? "http://localhost:" : "https://localhost:") +
              std::to_string(place.port)) {
    curl_easy_setopt(handle_, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
    curl_easy_setopt(handle_, CURLOPT_BUFFERSIZE, static_cast<long>(kRead));
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &total_);
    if (!place.ca.empty()) curl_easy_setopt(handle_, CURLOPT_CAINFO, place.ca.c_str());
  }
  ~Curl() override { curl_easy_cleanup(handle_); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;

  std::uint64_t get(const std::string& target) override {
    total_ = 0;
    curl_easy_setopt(handle_, CURLOPT_URL, (base_ + target).c_str());
    const CURLcode code = curl_easy_perform(handle_);
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
    return total_;
  }

 private:
  CURL* handle_;
  std::string base_;
  std::uint64_t total_ = 0;
};

}  // namespace

std::unique_ptr<Client> make_client(const Place& place) {
  return std::make_unique<Curl>(place);
}

}  // namespace bench
