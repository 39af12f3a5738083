// What no option takes, and what does not go together.
#include <algorithm>
#include <cmath>

#include "base/base64.h"
#include "base/characters.h"
#include "base/integers.h"
#include "httpget/options.h"

namespace proto::httpget {

namespace {

void check_pins(const std::vector<std::string>& pins) {
  constexpr std::string_view kKind = "sha256//";
  for (const std::string& pin : pins) {
    const auto hash =
        pin.starts_with(kKind) ? base64_decode(pin.substr(kKind.size())) : std::nullopt;
    if (!hash || hash->size() != 32)
      throw UsageError("--pinnedpubkey: not sha256//BASE64: " + proto::quoted(pin));
  }
}

// What would go on the wire.
void check_texts(const Options& o) {
  if (!o.method.empty() && !is_token(o.method))
    throw UsageError("--request: not a method: " + proto::quoted(o.method));
  const std::pair<const char*, const std::string*> single[] = {{"--user-agent", &o.user_agent},
                                                               {"--referer", &o.referer},
                                                               {"--range", &o.range},
                                                               {"--user", &o.user}};
  for (const auto& [name, value] : single) {
    if (has_line_break_or_nul(*value))
      throw UsageError(std::string(name) + ": a line break in the value");
  }
  for (const auto& line : o.headers) {
    if (has_line_break_or_nul(line))
      throw UsageError("--header: a line break in " + proto::quoted(line));
  }
  for (const auto& text : o.cookies) {
    if (has_line_break_or_nul(text)) throw UsageError("--cookie: a line break in the value");
  }
  // Behind a + it goes as it is.
  for (const auto& text : o.url_query) {
    if (text.starts_with('+') && has_line_break_or_nul(text))
      throw UsageError("--url-query: a line break in the value");
  }
}

void check_choices(const Options& o) {
  if (o.operands.empty()) throw UsageError("no URL given: --help shows what there is");
  const std::pair<const char*, const std::optional<double>*> seconds[] = {
      {"--connect-timeout", &o.connect_timeout},
      {"--max-time", &o.max_time},
      {"--retry-delay", &o.retry_delay},
      {"--retry-max-time", &o.retry_max_time}};
  for (const auto& [name, value] : seconds) {
    if (*value && !(std::isfinite(**value) && **value >= 0)) {
      throw UsageError(std::string(name) + ": not a number of seconds");
    }
  }
  check_pins(o.connection.pins);
  if (o.parallel_max == 0 || o.parallel_max > 300) throw UsageError("--parallel-max: 1 to 300");
  if (o.segments < 1 || o.segments > 16) throw UsageError("--segments: from 1 to 16");
  if (!o.sha256.empty() && (o.sha256.size() != 64 || !hex_decode(o.sha256))) {
    throw UsageError("--sha256: not 64 hexadecimal digits");
  }
  if (!o.form.empty() && (!o.data.empty() || !o.upload.empty())) {
    throw UsageError("--form: not together with --data or --upload-file");
  }
  if (!o.resume.empty() && !o.range.empty())
    throw UsageError("--continue-at: not together with --range");
  if (!o.resume.empty() && o.resume != "-" && !parse_decimal(o.resume)) {
    throw UsageError("--continue-at: neither an offset nor -");
  }
  // Heads in FILE would be taken for a part of the body by the run that goes on with it.
  const bool to_file = o.remote_name || std::ranges::any_of(o.outputs, [](const std::string& name) {
                         return name != "-";
                       });
  if (!o.resume.empty() && to_file && (o.include_head || o.head_only)) {
    throw UsageError(std::string(o.include_head ? "--include" : "--head") +
                     ": not together with --continue-at and a file (--dump-header has its own)");
  }
  if (o.header_name && !o.remote_name)
    throw UsageError("--remote-header-name: only with --remote-name");
  if (!o.upload.empty() && !o.data.empty())
    throw UsageError("--upload-file: not together with --data");
  const bool has_body =
      (!o.data.empty() && !o.data_in_query) || !o.form.empty() || !o.upload.empty();
  if (o.head_only && has_body)
    throw UsageError("--head: not together with --data, --form or --upload-file");
  if (o.outputs.size() > o.operands.size()) throw UsageError("--output: more files than URLs");
}

}  // namespace

void check_options(const Options& options) {
  check_choices(options);
  check_texts(options);
}

}  // namespace proto::httpget
