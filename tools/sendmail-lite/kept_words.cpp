#include "sendmail-lite/kept_words.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/characters.h"

namespace proto::sendmail {
namespace {

// What stays with each message.
constexpr std::array<std::string_view, 21> kRelayWords{
    "--host",          "--port",           "--lmtp",
    "--tls",           "--user",           "--auth",
    "--helo",          "--timeout",        "--deadline",
    "--insecure",      "--ipv4",           "--ipv6",
    "--tlsv1.2",       "--tlsv1.3",        "--pinnedpubkey",
    "--fallback-host", "--fallback-port",  "--fallback-tls",
    "--fallback-user", "--fallback-after", "--password-command"};
// The same, with a file as the value: that gets its whole path.
// The queue, too: who flushes that one means all that was sent to it.
constexpr std::array<std::string_view, 9> kRelayFiles{
    "--config", "--unix-socket",   "--cacert",     "--capath",   "--cert",
    "--key",    "--password-file", "--netrc-file", "--queue-dir"};

// What it stays with only where the message could not be prepared.
constexpr std::array<std::string_view, 8> kPreparationWords{
    "--from",       "--full-name",  "--domain",    "--no-aliases",
    "--dsn-notify", "--dsn-return", "--dsn-envid", "--body-type"};
constexpr std::array<std::string_view, 1> kPreparationFiles{"--aliases"};

// Those of these names; `files` with their whole paths.
std::vector<std::string> words_of(const std::vector<std::string>& words,
                                  std::span<const std::string_view> names,
                                  std::span<const std::string_view> files) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    const std::string_view name = name_of(word);
    if (i + 1 < words.size() && words[i + 1].empty()) continue;  // an empty value says nothing
    const bool file = is_one_of(files, name);
    if (file && name.size() + 1 < word.size() && word[name.size() + 1] != '@') {
      const auto path = std::filesystem::absolute(word.substr(name.size() + 1));
      found.push_back(std::string(name) + "=" + path.string());
    } else if (file || is_one_of(names, name)) {
      found.push_back(word);
    }
  }
  return found;
}

}  // namespace

std::string_view name_of(std::string_view word) {
  return word.substr(0, word.find('='));
}

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> relay_words_of(const std::vector<std::string>& words) {
  return words_of(words, kRelayWords, kRelayFiles);
}

// A control character in a name is no reason to lose a mail.
std::vector<std::string> preparation_words_of(const std::vector<std::string>& words) {
  auto found = words_of(words, kPreparationWords, kPreparationFiles);
  for (auto& word : found) std::replace_if(word.begin(), word.end(), is_control, ' ');
  return found;
}

}  // namespace proto::sendmail
