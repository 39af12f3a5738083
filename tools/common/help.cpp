#include "common/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace proto::tools {

namespace {

// CLI11 shows a group of options as a command within the command: here it is a heading.
std::string with_headings(std::string_view text) {
  constexpr std::string_view kGroup = "[Option Group: ";
  std::string out;
  bool in_group = false;
  while (!text.empty()) {
    std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    if (line.starts_with(kGroup)) {
      in_group = true;
      out.append("\n").append(line.substr(kGroup.size(), line.find(']') - kGroup.size()));
      out += ":\n";
    } else if (!in_group) {
      out += line;
    } else if (line != "  Options:\n" && line != "\n") {
      out += line.substr(line.starts_with("  ") ? 2 : 0);
    }
  }
  return out;
}

}  // namespace

std::string help_text(const CLI::App& app, std::string_view usage) {
  std::string text = with_headings(app.help());
  const auto at = text.find("Usage:");
  if (at == std::string::npos) return std::string(usage) + "\n" + text;
  return text.replace(at, text.find('\n', at) - at, usage);
}

}  // namespace proto::tools
