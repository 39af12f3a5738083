// httpget: fetches what URLs name. See httpget.1.
#include <exception>
#include <vector>

#include "common/program.h"
#include "httpget/exit_status.h"
#include "httpget/options.h"
#include "httpget/request.h"
#include "httpget/transfer.h"

int main(int argc, char** argv) {
  using namespace proto;
  tools::start_program("httpget");
  try {
    httpget::Options options;
    if (const auto status = httpget::parse_options(argc, argv, options)) return *status;
    const std::vector<URL> urls = httpget::urls_of(options.operands);
    return httpget::Transfers(options, urls).run();
  } catch (const std::exception& e) {
    tools::error_line(e.what());
    return httpget::exit_status_of(e, false);
  }
}
