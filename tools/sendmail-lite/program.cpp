#include "sendmail-lite/program.h"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <system_error>

#include "common/log.h"
#include "common/program.h"
#include "sendmail-lite/check.h"
#include "sendmail-lite/compose.h"
#include "sendmail-lite/local_smtp.h"
#include "sendmail-lite/queue_choice.h"
#include "sendmail-lite/report.h"
#include "sendmail-lite/sender.h"

namespace proto::sendmail {
namespace {

class Program {
 public:
  explicit Program(Parsed parsed)
      : parsed_(std::move(parsed)),
        options_(parsed_.options),
        log_(options_.verbose, !options_.no_syslog && !options_.dry_run),
        book_(options_.relay_words, tools::make_trace(options_.verbose - 1)) {}

  int run() {
    for (const auto& warning : parsed_.warnings) log_.loud(warning);
    switch (options_.mode) {
      case Mode::newaliases:
        return tools::kDone;  // the aliases file is read afresh each time
      case Mode::daemon:
        throw UsageError("-bd: there is no daemon here");
      case Mode::list:
      case Mode::status:
        return show_queue();
      case Mode::flush:
        return flush_queues();
      case Mode::check:
        return run_check();
      case Mode::smtp:
        return serve();
      case Mode::send:
        break;
    }
    return send();
  }

 private:
  // One line on stderr, and the status.
  int end(const Submitted& result) {
    if (!result.text.empty()) log_.loud(result.text);
    return result.status;
  }

  int end_of_output() {
    if (tools::flush_stdout()) return tools::kDone;
    log_.loud("cannot write to stdout");
    return tools::kInputOutput;
  }

  int send() {
    Sender sender(options_, parsed_.config_error, book_, log_);
    Request request{options_.sender, options_.recipients, options_.from_header};
    if (request.recipients.empty() && !request.from_header && !options_.compose.wanted)
      throw UsageError("no recipients: name them, or say -t");
    std::string message;
    if (options_.compose.wanted) {
      const std::string text = options_.compose.body ? *options_.compose.body
                                                     : read_message(reader_of(STDIN_FILENO), false);
      Composed made =
          compose(options_.compose, parsed_.config_error.empty() ? header_sender() : "", text);
      add_recipients(made, request);
      message = std::move(made.message);
    } else {
      message = read_message(reader_of(STDIN_FILENO), options_.dot_ends);
    }
    try {
      return end(options_.dry_run ? sender.print(message, request)
                                  : sender.submit(message, request));
    } catch (const std::invalid_argument& e) {
      log_.loud(e.what());
      return request.from_header ? tools::kBadData : tools::kUsage;
    }
  }

  // For a message that is composed here.
  std::string header_sender() const {
    if (!options_.from.empty()) return options_.from;
    const Identity identity = Identity::ours();
    MailAddress sender{options_.full_name.empty() ? identity.full_name : options_.full_name,
                       identity.user,
                       options_.domain.empty() ? identity.domain : options_.domain,
                       {}};
    return sender.to_string();
  }

  int flush_queues() {
    if (!parsed_.config_error.empty()) {
      log_.loud(parsed_.config_error);
      return tools::kConfiguration;
    }
    const Queue queue = open_queue(options_, log_);
    const int status = flush_queue(queue, {});
    int besides = tools::kDone;
    try {
      if (const auto own = open_queue_besides(queue, options_))
        besides = flush_queue(*own, meant_besides());
    } catch (const QueueError& e) {
      log_.loud(e.what());
      besides = tools::kInputOutput;
    }
    return status == tools::kDone || besides == tools::kInputOutput ? besides : status;
  }

  using Wanted = std::function<bool(const QueuedEnvelope&)>;
  Wanted meant_besides() const {
    return [this](const QueuedEnvelope& envelope) { return is_meant_besides(envelope, options_); };
  }

  int flush_queue(const Queue& queue, const Wanted& wanted) {
    const FlushHooks hooks{
        [this](const std::vector<std::string>& words) { return book_.route(words); },
        [this](const QueuedEnvelope& envelope, std::string_view message) {
          const Parsed parsed = book_.parsed(envelope.options);
          const Preparation preparation(parsed.options, parsed.config_error, log_);
          return preparation.prepare_queued(envelope, message);
        },
        [&](const Entry& entry, const Delivery& delivery) {
          log_.message(entry.id(), entry.envelope(), delivery, delivery.attempt.status);
          if (!delivery.warning.empty()) log_.loud(delivery.warning);
          if (delivery.end == Delivery::End::failed)
            log_.loud(entry.id() + ": refused: " + outcomes_text(delivery, Fate::refused) +
                      "; kept in " + queue.path() + "/failed");
          if (delivery.end == Delivery::End::waiting) say_once(delivery.attempt.reason);
        },
        [this](const std::string& text) { log_.loud(text); }, wanted};
    const FlushSummary summary = flush(queue, real_rules(options_), hooks, options_.flush_all);
    if (summary.unusable > 0) return tools::kInputOutput;
    return summary.waiting > 0 ? tools::kTryLater : tools::kDone;
  }

  // A relay that is down says the same of each message.
  void say_once(const std::string& text) {
    if (text != said_) log_.loud(said_ = text);
  }

  int show_queue() {
    const QueueReport report = look_at_queues();
    const Time now = real_rules(options_).now();
    const bool list = options_.mode == Mode::list;
    const std::string text = list            ? list_text(report)
                             : options_.json ? status_json(report, now)
                                             : status_text(report, now);
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (const int failed = end_of_output(); failed != tools::kDone) return failed;
    // The queue that a bad configuration names is not seen.
    if (!parsed_.config_error.empty()) log_.loud(parsed_.config_error);
    if (list) return tools::kDone;
    const int status = status_of(report);
    return status == tools::kDone && !parsed_.config_error.empty() ? tools::kConfiguration : status;
  }

  QueueReport look_at_queues() const {
    const Queue queue = open_queue(options_, log_);
    QueueReport report = look_at(queue);
    try {
      if (const auto own = open_queue_besides(queue, options_)) {
        QueueReport besides = look_at(*own);
        keep_only(besides, meant_besides());
        add_to(report, std::move(besides));
      }
    } catch (const QueueError& e) {
      report.unreadable.emplace_back(e.what());
    }
    return report;
  }

  static void add_recipients(const Composed& made, Request& request) {
    request.recipients.insert(request.recipients.end(), made.recipients.begin(),
                              made.recipients.end());
  }

  static Submission prepare_for_check(const Preparation& preparation, const Request& request) {
    try {
      Submission ready = preparation.prepare({}, request);
      if (!ready.rejected.empty()) throw UsageError(ready.rejected.front());
      return ready;
    } catch (const std::invalid_argument& e) {
      throw UsageError(e.what());
    }
  }

  int run_check() {
    if (!parsed_.config_error.empty()) {
      log_.loud(parsed_.config_error);
      return tools::kConfiguration;
    }
    // As a message would go: by the same rules and aliases.
    Request request{options_.sender, options_.recipients, false};
    if (options_.compose.wanted)
      add_recipients(compose(options_.compose, header_sender(), {}), request);
    if (request.recipients.empty()) {
      const bool said = options_.from.empty() && options_.sender;
      request.recipients.push_back(said ? *options_.sender : header_sender());
    }
    const Preparation preparation(options_, {}, log_);
    if (!preparation.fault().empty()) {
      log_.loud(preparation.fault());
      return tools::kConfiguration;
    }
    const Submission ready = prepare_for_check(preparation, request);
    std::string error;
    const int status = check(options_, ready.envelope.from, ready.envelope.to,
                             tools::make_trace(options_.verbose), error);
    const int written = end_of_output();
    if (!error.empty()) log_.loud(error);
    return status != tools::kDone ? status : written;
  }

  int serve() {
    Sender sender(options_, parsed_.config_error, book_, log_);
    int status = tools::kDone;
    serve_local_smtp(
        reader_of(STDIN_FILENO),
        [](std::string_view text) {
          std::fwrite(text.data(), 1, text.size(), stdout);
          if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to stdout");
        },
        [&](std::string_view message, const Request& request) {
          try {
            Submitted result = sender.submit(message, request);
            status = end(result);
            return result;
          } catch (const std::invalid_argument& e) {
            return Submitted{status = tools::kBadData, {}, false, e.what()};
          }
        },
        Identity::ours().host);
    return status;
  }

  Parsed parsed_;
  const Options& options_;
  MailLog log_;
  RelayBook book_;
  std::string said_;
};

}  // namespace

int run_program(std::string_view program, const std::vector<std::string>& arguments) {
  try {
    Parsed parsed = parse_command_line(program, arguments);
    if (parsed.print) {
      std::fwrite(parsed.print->data(), 1, parsed.print->size(), stdout);
      return tools::flush_stdout() ? tools::kDone : tools::kInputOutput;
    }
    return Program(std::move(parsed)).run();
  } catch (const UsageError& e) {
    tools::error_line(e.what());
    return tools::kUsage;
  } catch (const QueueError& e) {
    tools::error_line(e.what());
    return status_of(e);
  } catch (const std::system_error& e) {
    tools::error_line(e.what());
    return tools::kInputOutput;
  } catch (const std::bad_alloc&) {
    tools::error_line("out of memory");
    return tools::kSystem;
  } catch (const std::exception& e) {
    tools::error_line(e.what());
    return tools::kSoftware;
  }
}

}  // namespace proto::sendmail
