// The words of a command line that stay with a message in the queue.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proto::sendmail {

// "--host" of "--host=example.org".
std::string_view name_of(std::string_view word);
bool is_one_of(std::span<const std::string_view> names, std::string_view name);

// Of these words, those that say how to reach the relay, files with their whole paths.
std::vector<std::string> relay_words_of(const std::vector<std::string>& words);
// Those that say how a message is prepared; they stay with one that could not be.
std::vector<std::string> preparation_words_of(const std::vector<std::string>& words);

}  // namespace proto::sendmail
