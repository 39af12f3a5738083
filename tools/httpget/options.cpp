#include "httpget/options.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "base/characters.h"
#include "base/integers.h"
#include "common/help.h"
#include "common/program.h"
#include "httpget/exit_status.h"

namespace proto::httpget {

namespace {

void add_data(CLI::App& app, Options& options, const char* names, DataPart::Kind kind,
              const char* help) {
  app.add_option_function<std::vector<std::string>>(
         names,
         [&options, kind](const std::vector<std::string>& values) {
           // Called once for each time it stands on the command line (trigger_on_parse), so that
           // they keep their order.
           options.data.push_back({kind, values.back()});
         },
         help)
      ->type_name("DATA")
      ->allow_extra_args(false)
      ->trigger_on_parse();
}

void add_output_options(CLI::App& app, Options& o) {
  app.add_option("-o,--output", o.outputs, "Write to FILE, which appears only when it is complete")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_flag("-O,--remote-name", o.remote_name,
               "Write to a file named after the URL's last segment");
  app.add_option("--output-dir", o.output_dir, "The folder for -o and -O")->type_name("DIR");
  app.add_flag("-i,--include", o.include_head, "Print the status line and the headers too");
  app.add_flag("-I,--head", o.head_only, "Send HEAD; print the headers");
  app.add_option("-D,--dump-header", o.dump_header, "Write the headers to FILE (- is stdout)")
      ->type_name("FILE");
  app.add_flag("-f,--fail", o.fail, "Print no body for a status of 400 or above");
  app.add_flag("-s,--silent", o.silent, "No progress, no errors");
  app.add_flag("-S,--show-error", o.show_error, "With -s: errors all the same");
  app.add_flag("-v,--verbose", o.verbosity, "Log to stderr; twice: with times");
  app.add_flag("--progress-bar,!--no-progress", o.progress, "Progress on stderr, or none");
  app.add_option_function<std::string>(
         "--max-filesize",
         [&o](const std::string& v) { o.max_filesize = parse_size(v, "--max-filesize"); },
         "Refuse a body larger than SIZE")
      ->type_name("SIZE");
  app.add_option_function<std::string>(
         "--limit-rate",
         [&o](const std::string& v) { o.limit_rate = parse_size(v, "--limit-rate"); },
         "At most RATE bytes a second (k, M, G)")
      ->type_name("RATE");
}

void add_request_options(CLI::App& app, Options& o) {
  app.add_option("-X,--request", o.method, "The method")->type_name("METHOD");
  app.add_option("-H,--header", o.headers, "A header; 'Name:' removes one, 'Name;' sends it empty")
      ->type_name("LINE")
      ->allow_extra_args(false);
  app.add_option("-A,--user-agent", o.user_agent, "The User-Agent; empty: none")
      ->type_name("AGENT");
  app.add_option("-e,--referer", o.referer, "The Referer")->type_name("URL");
  add_data(app, o, "-d,--data,--data-ascii", DataPart::Kind::form,
           "Form data; @FILE, @- without line ends");
  add_data(app, o, "--data-raw", DataPart::Kind::raw, "Form data, @ means nothing");
  add_data(app, o, "--data-binary", DataPart::Kind::binary, "Data as it is; @FILE, @-");
  add_data(app, o, "--data-urlencode", DataPart::Kind::urlencode,
           "Form data, percent-encoded: name=text, name@FILE");
  add_data(app, o, "--json", DataPart::Kind::json, "JSON data; @FILE, @-");
  app.add_option("-T,--upload-file", o.upload, "PUT the file (- is stdin, chunked)")
      ->type_name("FILE");
  app.add_flag("-G,--get", o.data_in_query, "Put the data into the URL's query");
  app.add_option("--url-query", o.url_query, "Add to the URL's query, as --data-urlencode")
      ->type_name("DATA")
      ->allow_extra_args(false);
  app.add_flag("--dry-run", o.dry_run, "Print the request as it would go out; connect nowhere");
  app.add_flag_callback(
      "--http1.0,-0", [&o] { o.http_version = 10; }, "Speak HTTP/1.0");
  app.add_flag_callback(
      "--http1.1", [&o] { o.http_version = 11; }, "Speak HTTP/1.1");
}

void add_transfer_options(CLI::App& app, Options& o) {
  tools::add_connection_options(app, o.connection);
  app.add_option("--unix-socket", o.unix_socket, "Connect to this Unix socket")->type_name("PATH");
  app.add_option("--resolve", o.resolve,
                 "HOST:PORT:ADDRESS[,ADDRESS]...: use these in place of a look-up")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  app.add_option("--connect-timeout", o.connect_timeout,
                 "Seconds for look-up, connecting and TLS together")
      ->type_name("S");
  app.add_option("-m,--max-time", o.max_time, "Seconds for the whole transfer")->type_name("S");
}

void check(const Options& o) {
  if (o.operands.empty()) throw UsageError("no URL given (--help shows what there is)");
  for (const auto& seconds : {o.connect_timeout, o.max_time}) {
    if (seconds && !(std::isfinite(*seconds) && *seconds >= 0)) {
      throw UsageError(std::string(seconds == o.max_time ? "--max-time" : "--connect-timeout") +
                       ": not a number of seconds");
    }
  }
  if (!o.method.empty() && !is_token(o.method))
    throw UsageError("--request: not a method: " + proto::quoted(o.method));
  const std::pair<const char*, const std::string*> single[] = {{"--user-agent", &o.user_agent},
                                                               {"--referer", &o.referer}};
  for (const auto& [name, value] : single) {
    if (has_line_break_or_nul(*value))
      throw UsageError(std::string(name) + ": a line break in the value");
  }
  for (const auto& line : o.headers) {
    if (has_line_break_or_nul(line))
      throw UsageError("--header: a line break in " + proto::quoted(line));
  }
  if (!o.upload.empty() && !o.data.empty())
    throw UsageError("--upload-file: not together with --data");
  if (o.outputs.size() > o.operands.size()) throw UsageError("--output: more files than URLs");
}

}  // namespace

std::uint64_t parse_size(const std::string& text, const char* option) {
  std::string_view digits = text;
  std::uint64_t factor = 1;
  if (!digits.empty()) {
    const auto unit = std::string_view("bkmgt").find(to_lower(digits.back()));
    if (unit != std::string_view::npos) {
      factor = std::uint64_t{1} << (10 * unit);
      digits.remove_suffix(1);
    }
  }
  const auto value = parse_decimal(digits, UINT64_MAX / factor);
  if (!value) throw UsageError(std::string(option) + ": not a size: " + proto::quoted(text));
  return *value * factor;
}

std::optional<int> parse_options(int argc, char** argv, Options& options) {
  CLI::App app("Fetch what a URL names.", "httpget");
  app.set_version_flag("--version", "httpget (libproto) " PROTO_VERSION);
  app.add_option("operands", options.operands, "HOST and /PATH, or URLs")->type_name("");
  add_output_options(app, options);
  add_request_options(app, options);
  add_transfer_options(app, options);
  try {
    app.parse(argc, argv);
    if (options.silent && !options.show_error) tools::silence_errors();
    check(options);
  } catch (const CLI::CallForHelp&) {
    std::fputs(
        tools::help_text(
            app, "Usage: httpget [OPTIONS] HOST[:PORT] /PATH\n       httpget [OPTIONS] URL...")
            .c_str(),
        stdout);
    return tools::flush_stdout() ? kDone : kCannotWrite;
  } catch (const CLI::CallForVersion& e) {
    std::printf("%s\n", e.what());
    return tools::flush_stdout() ? kDone : kCannotWrite;
  } catch (const CLI::Error& e) {
    tools::error_line(e.what());
    return kUsage;
  } catch (const std::invalid_argument& e) {
    tools::error_line(e.what());
    return kUsage;
  }
  return std::nullopt;
}

}  // namespace proto::httpget
