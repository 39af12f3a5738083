#include "sendmail-lite/flush.h"

#include <array>
#include <exception>
#include <optional>

namespace proto::sendmail {
namespace {

// Durably, before anybody is sent to: a verdict belongs to a recipient by his number, whatever the
// aliases say at the next attempt (I5).
void prepare_entry(const Queue& queue, Entry& entry, const DeliveryRules& rules,
                   const FlushHooks& hooks) {
  std::string message(entry.message_bytes(), '\0');
  entry.read_at(0, message);
  const Submission ready = hooks.prepare(entry.envelope(), message);
  const std::array<std::string_view, 2> parts{ready.header, ready.body};
  queue.replace(entry, ready.envelope, parts, rules.now());
}

Delivery deliver_by_route(const Queue& queue, Entry& entry, const DeliveryRules& rules,
                          const FlushHooks& hooks) {
  Route route;
  try {
    if (entry.envelope().unprepared) prepare_entry(queue, entry, rules, hooks);
    route = hooks.route(entry.envelope().options);
  } catch (const QueueError&) {
    throw;
  } catch (const std::exception& e) {
    Delivery delivery;
    delivery.recipients = entry.envelope().to;
    delivery.attempt.outcomes.resize(delivery.recipients.size());
    delivery.attempt.trouble = Trouble::relay;
    delivery.attempt.status = tools::kConfiguration;
    delivery.attempt.reason = e.what();
    entry.postpone(rules.now(), entry.journal().age,
                   rules.schedule.delay_after(entry.journal().attempts + 1, rules.random()),
                   e.what());
    return delivery;
  }
  return deliver(entry, *route.relay, route.fallback, rules);
}

void flush_one(const Queue& queue, const std::string& id, const DeliveryRules& rules,
               const FlushHooks& hooks, bool all, FlushSummary& summary) {
  if (hooks.wanted) {
    const auto info = queue.look(id);
    if (!info || !hooks.wanted(info->envelope)) return;
  }
  std::optional<Entry> entry = queue.take(id);
  if (!entry) return;
  Delivery delivery;
  if (!entry->journal().anyone_waiting()) {
    delivery.end = finish(*entry, {});
  } else if (all || is_due(entry->journal(), rules.now())) {
    delivery = deliver_by_route(queue, *entry, rules, hooks);
  } else {
    ++summary.not_due;
    return;
  }
  if (delivery.end == Delivery::End::delivered) ++summary.delivered;
  if (delivery.end == Delivery::End::failed) ++summary.failed;
  if (delivery.end == Delivery::End::waiting) ++summary.waiting;
  if (!delivery.warning.empty()) ++summary.unusable;
  hooks.done(*entry, delivery);
}

}  // namespace

FlushSummary flush(const Queue& queue, const DeliveryRules& rules, const FlushHooks& hooks,
                   bool all) {
  FlushSummary summary;
  queue.sweep();
  for (const auto& id : queue.waiting()) {
    try {
      flush_one(queue, id, rules, hooks, all, summary);
    } catch (const QueueError& e) {
      ++summary.unusable;
      hooks.warn(e.what());
    }
  }
  return summary;
}

}  // namespace proto::sendmail
