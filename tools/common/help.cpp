#include "common/help.h"

#include <CLI/CLI.hpp>

namespace proto::tools {

std::string help_text(const CLI::App& app, std::string_view usage) {
  std::string text = app.help();
  const auto at = text.find("Usage:");
  if (at == std::string::npos) return std::string(usage) + "\n" + text;
  return text.replace(at, text.find('\n', at) - at, usage);
}

}  // namespace proto::tools
