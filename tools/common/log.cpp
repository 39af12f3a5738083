#include "common/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "common/text.h"

namespace proto::tools {

namespace {

spdlog::logger& logger(int verbosity) {
  static const std::shared_ptr<spdlog::logger> kLogger = [verbosity] {
    auto made = std::make_shared<spdlog::logger>("stderr",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(verbosity > 1 ? "%H:%M:%S.%e %v" : "%v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *kLogger;
}

}  // namespace

Trace make_trace(int verbosity) {
  if (verbosity <= 0) return {};
  return [verbosity](const TraceEvent& event) {
    const char* mark = event.kind == TraceEvent::Kind::sent       ? "> "
                       : event.kind == TraceEvent::Kind::received ? "< "
                                                                  : "* ";
    logger(verbosity).info("{}{}", mark, one_line(event.text));
  };
}

void log_note(int verbosity, std::string_view text) {
  if (verbosity > 0) logger(verbosity).info("* {}", one_line(text));
}

}  // namespace proto::tools
