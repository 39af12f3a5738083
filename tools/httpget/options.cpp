#include "httpget/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdio>

#include "base/base64.h"
#include "base/characters.h"
#include "base/integers.h"
#include "common/help.h"
#include "common/program.h"
#include "httpget/argument_secrets.h"
#include "httpget/exit_status.h"
#include "proto/http.h"

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

void add_form(CLI::App& app, Options& options, const char* names, bool literal, const char* help) {
  app.add_option_function<std::vector<std::string>>(
         names,
         [&options, literal](const std::vector<std::string>& values) {
           options.form.push_back({values.back(), literal});
         },
         help)
      ->type_name("PART")
      ->allow_extra_args(false)
      ->trigger_on_parse();
}

// What people type by habit, and what is so here in any case: no globbing, no configuration file,
// output as it comes, the body of a refusal.
void add_habits(CLI::App& app) {
  app.add_flag("-g,--globoff,-N,--no-buffer,-q,--disable,--fail-with-body")->group("");
}

// Of several the last one counts.
void add_version(CLI::App& app, Options& o, const std::string& names, int version,
                 const char* help) {
  app.add_flag_callback(
         names,
         [&o, names, version] {
           if (version == 20 && !has_http2())
             throw UsageError(names + ": this build has no HTTP/2");
           o.http_version = version;
           o.http2_prior_knowledge = names == "--http2-prior-knowledge";
         },
         help)
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
  app.add_flag("-J,--remote-header-name", o.header_name, "With -O: the name that the server gives");
  app.add_option("-w,--write-out", o.write_out, "Print this afterwards: %{http_code}, %{json}, ...")
      ->type_name("FORMAT");
  app.add_option("-D,--dump-header", o.dump_header, "Write the headers to FILE (- is stdout)")
      ->type_name("FILE");
  app.add_flag("-f,--fail", o.fail, "Print no body for a status of 400 or above");
  app.add_flag("-s,--silent", o.silent, "No progress, no errors");
  app.add_flag("-S,--show-error", o.show_error, "With -s: errors all the same");
  app.add_flag("-v,--verbose", o.verbosity, "Log to stderr; twice: with times");
  app.add_flag_callback(
      "-#,--progress-bar", [&o] { o.progress = true; }, "Progress on stderr, wherever that goes");
  app.add_flag_callback(
      "--no-progress,--no-progress-meter", [&o] { o.progress = false; }, "No progress");
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
  add_form(app, o, "-F,--form", false,
           "A part of multipart/form-data: name=value, name=@FILE, name=<FILE");
  add_form(app, o, "--form-string", true, "The same; the value is taken as it is");
  app.add_flag("--form-escape", o.form_escape, "Escape names in form parts by backslashes");
  app.add_option("-r,--range", o.range, "Ask for these bytes: 0-99, 500-, -500")
      ->type_name("RANGE");
  app.add_option("-C,--continue-at", o.resume, "Go on at OFFSET, or where FILE ends (-)")
      ->type_name("OFFSET");
  app.add_option("-z,--time-cond", o.time_condition,
                 "Only if newer than TIME or FILE (-TIME: older)")
      ->type_name("TIME");
  app.add_option("--etag-save", o.etag_save, "Write the entity tag to FILE")->type_name("FILE");
  app.add_option("--etag-compare", o.etag_compare, "Only if it has another entity tag than FILE")
      ->type_name("FILE");
  app.add_flag("--compressed", o.compressed, "Ask for every coding that is known, and decode");
  app.add_option("--sha256", o.sha256, "What arrives must have this digest")->type_name("HEX");
  add_version(app, o, "--http1.0,-0", 10, "Speak HTTP/1.0");
  add_version(app, o, "--http1.1", 11, "Speak HTTP/1.1");
  add_version(app, o, "--http2", 20, "Speak HTTP/2 where TLS agrees on it, else HTTP/1.1");
  add_version(app, o, "--http2-prior-knowledge", 20, "Speak HTTP/2 at once also without TLS");
}

void add_session_options(CLI::App& app, Options& o) {
  app.add_flag("-L,--location", o.location, "Follow redirects");
  app.add_option_function<int>(
         "--max-redirs",
         [&o](int most) { o.max_redirs = most < 0 ? UINT_MAX : static_cast<unsigned>(most); },
         "At most so many; -1: any number")
      ->type_name("N");
  app.add_option("-u,--user", o.user,
                 "Login for the hosts named; asks for the password where it is left out")
      ->type_name("USER:PASSWORD");
  app.add_flag("--digest", o.digest, "Log in by Digest only");
  app.add_flag("--basic", o.basic, "Log in by Basic only");
  app.add_flag("--anyauth", o.anyauth, "Log in by the strongest way that the server offers");
  app.add_option("--oauth2-bearer", o.bearer_file, "Log in with the token that stands in FILE")
      ->type_name("TOKEN-FILE");
  app.add_flag("-n,--netrc", o.netrc, "Take logins from ~/.netrc");
  tools::add_password_options(app, o.passwords);
  app.add_option("-b,--cookie", o.cookies, "Cookies to send, or a file of them")
      ->type_name("DATA/FILE")
      ->allow_extra_args(false);
  app.add_option("-c,--cookie-jar", o.cookie_jar, "Keep cookies in FILE")->type_name("FILE");
  app.add_option("--hsts", o.hsts, "Keep in FILE which hosts want https only")->type_name("FILE");
  app.add_option("--retry", o.retries, "Try again so often after a failure that may pass")
      ->type_name("N");
  app.add_option("--retry-delay", o.retry_delay, "Seconds between attempts; else 1, doubling")
      ->type_name("S");
  app.add_option("--retry-max-time", o.retry_max_time, "No retry begins later than that")
      ->type_name("S");
  app.add_flag("--retry-all-errors", o.retry_all_errors, "Also after failures that look lasting");
  app.add_option("-x,--proxy", o.proxy, "[http|https|socks4a|socks5|socks5h://][user:pw@]HOST:PORT")
      ->type_name("PROXY");
  app.add_option("--noproxy", o.no_proxy, "Hosts to reach without a proxy")->type_name("LIST");
  app.add_option("--connect-to", o.connect_to, "HOST:PORT:HOST2:PORT2: connect there instead")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  app.add_option("--interface", o.interface, "Local address or device to come from")
      ->type_name("ADDR");
  app.add_option("--segments", o.segments,
                 "Fetch a large FILE in so many ranges at once, where the server allows")
      ->type_name("N");
  app.add_flag("-Z,--parallel", o.parallel, "Several URLs at once");
  app.add_option("--parallel-max", o.parallel_max, "At most so many at once")->type_name("N");
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

// The parser takes an empty text for 0.
void check_numbers(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const bool number = option->get_type_name() == "S" || option->get_type_name() == "N";
    if (number && std::ranges::count(option->results(), std::string()) > 0)
      throw UsageError(option->get_name(false, true) + ": no number in the value");
  }
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
  app.set_version_flag("-V,--version", "httpget (libproto) " PROTO_VERSION);
  // As curl: of an option that is given twice the last one counts.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("operands", options.operands, "HOST and /PATH, or URLs")->type_name("");
  add_output_options(app, options);
  add_request_options(app, options);
  add_session_options(app, options);
  add_transfer_options(app, options);
  add_habits(app);
  try {
    app.parse(argc, argv);
    // The parser has taken the brackets of "[::1]" for a list's.
    for (std::string& operand : options.operands) {
      if (operand.find(':') != std::string::npos && Address::is_literal(operand))
        operand = "[" + operand + "]";
    }
    wipe_secrets(argc, argv, app);
    check_numbers(app);
    if (options.silent && !options.show_error) tools::silence_errors();
    check_options(options);
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
