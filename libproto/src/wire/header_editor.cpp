#include <algorithm>
#include <stdexcept>

#include "base/characters.h"
#include "base/random.h"
#include "proto/message_edit.h"
#include "wire/header_write.h"
#include "wire/mail_address_syntax.h"
#include "wire/message_id.h"

namespace proto {

HeaderEditor::HeaderEditor(std::string_view message) {
  const HeaderBlock block(message, StrayLine::ends_header, message.size() + 1);
  header_size_ = message.size() - block.body().size();
  const std::size_t lf = message.find('\n');
  if (lf != message.npos && lf > 0 && message[lf - 1] == '\r') line_end_ = "\r\n";
  for (const HeaderField& field : block) {
    std::string raw(field.raw());
    if (!raw.ends_with('\n') && !raw.ends_with('\r')) raw += line_end_;
    fields_.push_back({std::string(field.name()), std::move(raw)});
  }
}

std::string_view HeaderEditor::Field::value() const {
  return std::string_view(raw).substr(raw.find(':') + 1);
}

bool HeaderEditor::has(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const Field& f) { return equals_ignoring_case(f.name, name); });
}

std::optional<std::string> HeaderEditor::text(std::string_view name) const {
  const auto field = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) {
    return equals_ignoring_case(f.name, name);
  });
  if (field == fields_.end()) return std::nullopt;
  return decode_header_text(field->value());
}

AddressList HeaderEditor::recipients() const {
  AddressList list;
  // A resending puts its fields on top of those of older ones: the first name that comes again
  // begins an older one.
  std::vector<std::string> resent;
  for (const Field& field : fields_) {
    if (!starts_with_ignoring_case(field.name, "Resent-")) continue;
    std::string name = lower(field.name);
    if (std::find(resent.begin(), resent.end(), name) != resent.end()) break;
    if (is_one_of(name, {"resent-to", "resent-cc", "resent-bcc"})) {
      list.append(parse_address_list(field.value()));
    }
    resent.push_back(std::move(name));
  }
  if (!resent.empty()) return list;
  for (const Field& field : fields_) {
    if (is_one_of(field.name, {"To", "Cc", "Bcc"})) list.append(parse_address_list(field.value()));
  }
  return list;
}

void HeaderEditor::remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& f) { return equals_ignoring_case(f.name, name); });
}

void HeaderEditor::remove_blind_copies() {
  remove("Bcc");
  remove("Resent-Bcc");
}

HeaderEditor::Field HeaderEditor::make_field(std::string_view name,
                                             std::string_view folded_value) const {
  std::string raw(name);
  raw += ": ";
  for (const char c : folded_value) {
    if (c == '\r') continue;
    if (c == '\n') {
      raw += line_end_;
    } else {
      raw += c;
    }
  }
  raw += line_end_;
  return {std::string(name), std::move(raw)};
}

void HeaderEditor::add(std::string_view name, std::string_view text) {
  check_field_name(name);
  fields_.push_back(make_field(name, encode_header_text(text, name.size() + 2)));
}

void HeaderEditor::add_missing(const Defaults& defaults) {
  if (!has("From")) {
    fields_.push_back(make_field("From", format_address_list({&defaults.from, 1}, 6)));
  }
  if (!has("Date")) fields_.push_back(make_field("Date", defaults.date.to_string()));
  if (!has("Message-ID")) {
    add("Message-ID",
        defaults.message_id.empty() ? make_message_id(defaults.from.domain) : defaults.message_id);
  }
}

void HeaderEditor::replace_sender(const MailAddress& sender) {
  for (Field& field : fields_) {
    if (!equals_ignoring_case(field.name, "From")) continue;
    MailAddress address = sender;
    const AddressList old = parse_address_list(field.value());
    if (!old.addresses.empty() && !old.addresses.front().display_name.empty()) {
      address.display_name = old.addresses.front().display_name;
    }
    field = make_field(field.name, format_address_list({&address, 1}, field.name.size() + 2));
  }
}

void HeaderEditor::replace_recipients(const Alias& alias) {
  for (Field& field : fields_) {
    if (!is_one_of(field.name, {"To", "Cc", "Resent-To", "Resent-Cc"})) continue;
    const AddressList old = parse_address_list(field.value());
    if (!old.defects.empty()) continue;
    std::vector<MailAddress> changed;
    bool any = false;
    for (const MailAddress& address : old.addresses) {
      auto stand_ins = alias(address);
      if (!stand_ins) {
        changed.push_back(address);
        continue;
      }
      any = true;
      for (MailAddress& stand_in : *stand_ins) {
        stand_in.group = address.group;
        if (stand_in.display_name.empty()) {
          stand_in.display_name =
              address.display_name.empty() ? address.local : address.display_name;
        }
        changed.push_back(std::move(stand_in));
      }
    }
    // An empty To is worse than the old one.
    if (!any || changed.empty()) continue;
    field = make_field(field.name, format_address_list(changed, field.name.size() + 2));
  }
}

std::string HeaderEditor::to_string() const {
  std::string out;
  for (const Field& field : fields_) out += field.raw;
  out += line_end_;
  return out;
}

void check_field_name(std::string_view name) {
  const bool fits =
      !name.empty() && name.size() <= 76 &&
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
  if (!fits) throw std::invalid_argument("not a header field's name: " + quoted(name));
}

std::string message_id_of(const MailDate& date, std::string_view random, std::string_view domain) {
  const std::string name = ascii_domain(domain).value_or("");
  const bool usable = !name.empty() && domain_fault(name) == nullptr;
  std::string id = "<" + std::to_string(date.time.time_since_epoch().count()) + ".";
  id += random;
  id += '@';
  id += usable ? name : "localhost";
  return id + ">";
}

std::string make_message_id(std::string_view domain) {
  return message_id_of(MailDate::now(), random_text(20), domain);
}

}  // namespace proto
