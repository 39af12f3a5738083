#include "wire/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

struct Alias {
  std::string_view name;  // as MIME names it, normalised
  const char* iconv;
};

// The names that mail uses, and only these: what a stranger writes never reaches iconv_open(),
// which would load any converter of the system by it. East Asian names stand for the superset that
// mailers mean by them.
constexpr auto kAliases = std::to_array<Alias>({
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"ms-kanji", "CP932"},
    {"windows-31j", "CP932"},
    {"cp932", "CP932"},
    {"iso-2022-jp", "ISO-2022-JP-3"},
    {"iso-2022-jp-1", "ISO-2022-JP-3"},
    {"iso-2022-jp-2", "ISO-2022-JP-2"},
    {"iso-2022-jp-3", "ISO-2022-JP-3"},
    {"euc-jp", "EUC-JP-MS"},
    {"eucjp", "EUC-JP-MS"},
    {"x-euc-jp", "EUC-JP-MS"},
    {"euc-kr", "CP949"},
    {"euckr", "CP949"},
    {"ks-c-5601-1987", "CP949"},
    {"ksc5601", "CP949"},
    {"korean", "CP949"},
    {"uhc", "CP949"},
    {"cp949", "CP949"},
    {"windows-949", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"gb2312", "GB18030"},
    {"gb-2312-80", "GB18030"},
    {"euc-cn", "GB18030"},
    {"eucgb2312-cn", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"windows-936", "GB18030"},
    {"gb18030", "GB18030"},
    {"big5", "CP950"},
    {"cn-big5", "CP950"},
    {"x-x-big5", "CP950"},
    {"x-big5", "CP950"},
    {"big5-tw", "CP950"},
    {"cp950", "CP950"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"koi8-r", "KOI8-R"},
    {"koi8r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"koi8-ru", "KOI8-RU"},
    {"tis-620", "CP874"},
    {"windows-874", "CP874"},
    {"cp874", "CP874"},
    {"ibm437", "CP437"},
    {"cp437", "CP437"},
    {"ibm850", "CP850"},
    {"cp850", "CP850"},
    {"ibm852", "CP852"},
    {"cp852", "CP852"},
    {"ibm866", "CP866"},
    {"cp866", "CP866"},
    {"macintosh", "MACINTOSH"},
    {"x-mac-roman", "MACINTOSH"},
    {"x-mac-cyrillic", "MACCYRILLIC"},
    {"utf-7", "UTF-7"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"utf-16", "UTF-16"},
    {"utf-16be", "UTF-16BE"},
    {"utf-16le", "UTF-16LE"},
});

// By part of ISO 8859, of which 12 was never written; by the last digit of "windows-125x".
constexpr std::array<const char*, 17> kLatinParts = {
    nullptr,      "ISO-8859-1",  "ISO-8859-2",  "ISO-8859-3",  "ISO-8859-4",  "ISO-8859-5",
    "ISO-8859-6", "ISO-8859-7",  "ISO-8859-8",  "ISO-8859-9",  "ISO-8859-10", "ISO-8859-11",
    nullptr,      "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16"};
constexpr std::array<const char*, 9> kWindowsPages = {
    "CP1250", "CP1251", "CP1252", "CP1253", "CP1254", "CP1255", "CP1256", "CP1257", "CP1258"};

using Kind = Charset::Kind;

// "ISO-8859-15", "iso8859-15", "iso_8859-15": the number, else 0.
unsigned latin_part(std::string_view name) {
  if (name.starts_with("iso-")) {
    name.remove_prefix(4);
  } else if (name.starts_with("iso")) {
    name.remove_prefix(3);
  } else {
    return 0;
  }
  if (!name.starts_with("8859-")) return 0;
  name.remove_prefix(5);
  name = name.substr(0, name.find_first_of(":-"));  // "iso-8859-1:1987", "iso-8859-8-i"
  const auto part = parse_decimal(name, 16);
  return part && *part != 12 ? static_cast<unsigned>(*part) : 0;
}

class Converter {
 public:
  explicit Converter(const char* from) : handle_(iconv_open("UTF-8", from)) {}
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  // The system may lack its converter.
  bool is_open() const noexcept { return handle_ != reinterpret_cast<iconv_t>(-1); }

  std::string convert(std::string_view bytes) {
    std::string out;
    std::array<char, 1024> buffer;
    // iconv() takes a pointer to char, and writes nothing through it.
    char* in = const_cast<char*>(bytes.data());
    std::size_t left = bytes.size();
    while (left > 0) {
      const std::size_t before = left;
      char* to = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t done = iconv(handle_, &in, &left, &to, &room);
      const int code = done == static_cast<std::size_t>(-1) ? errno : 0;
      out.append(buffer.data(), buffer.size() - room);
      // Some converters report a full buffer without having moved: such a byte is skipped too.
      const bool stuck = left == before && room == buffer.size();
      if (code == EILSEQ || code == EINVAL || (stuck && left > 0)) {
        out += kReplacement;
        ++in;
        --left;
      }
    }
    char* to = buffer.data();
    std::size_t room = buffer.size();
    iconv(handle_, nullptr, nullptr, &to, &room);  // what a stateful converter still holds back
    out.append(buffer.data(), buffer.size() - room);
    return out;
  }

 private:
  iconv_t handle_;
};

std::string latin1_to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0U | (byte >> 6));
      out += static_cast<char>(0x80U | (byte & 0x3fU));
    }
  }
  return out;
}

// What is no UTF-8 becomes U+FFFD.
std::string repair_utf8(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string out;
  while (!bytes.empty()) {
    const std::size_t size = utf8_size(bytes.front());
    if (size <= bytes.size() && is_valid_utf8(bytes.substr(0, size))) {
      out.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
    } else {
      out += kReplacement;
      bytes.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

std::string utf8_or_latin1(std::string_view bytes) {
  return is_valid_utf8(bytes) ? std::string(bytes) : latin1_to_utf8(bytes);
}

std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xc0U) == 0x80) {
    --max_bytes;
  }
  return text.substr(0, max_bytes);
}

Charset find_charset(std::string_view given) {
  if (given == "UTF-8" || given == "utf-8") return {Kind::utf8};  // most mail's
  if (given.empty() || given.size() > 40) return {};
  std::string name = lower(trim(given));
  std::replace(name.begin(), name.end(), '_', '-');
  if (name == "utf8" || name == "utf-8" || name == "utf-8-mac") return {Kind::utf8};
  if (name == "us-ascii" || name == "ascii" || name == "ansi-x3.4-1968" || name == "unknown-8bit" ||
      name == "x-unknown") {
    return {Kind::ascii};
  }
  if (name == "latin1" || name == "latin-1") return {Kind::latin1};
  if (const unsigned part = latin_part(name); part == 1) {
    return {Kind::latin1};
  } else if (part != 0) {
    return {Kind::other, kLatinParts[part]};
  }
  for (const std::string_view prefix : {"windows-125", "x-cp125", "cp125", "cp-125"}) {
    if (name.size() == prefix.size() + 1 && name.starts_with(prefix) && name.back() >= '0' &&
        name.back() <= '8') {
      return {Kind::other, kWindowsPages[static_cast<std::size_t>(name.back() - '0')]};
    }
  }
  const auto alias = std::find_if(kAliases.begin(), kAliases.end(),
                                  [&](const Alias& a) { return a.name == name; });
  if (alias == kAliases.end()) return {};
  return {Kind::other, alias->iconv};
}

std::optional<std::string> to_utf8(const Charset& charset, std::string_view bytes) {
  switch (charset.kind) {
    case Kind::unknown:
      return std::nullopt;
    case Kind::ascii:
      return utf8_or_latin1(bytes);
    case Kind::utf8:
      return repair_utf8(bytes);
    case Kind::latin1:
      return latin1_to_utf8(bytes);
    case Kind::other:
      break;
  }
  Converter converter(charset.iconv);
  if (!converter.is_open()) return std::nullopt;
  return converter.convert(bytes);
}

}  // namespace proto
