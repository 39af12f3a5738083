// What popsubjects prints, and when what is new becomes what was seen.
#pragma once

#include <stdexcept>

#include "popsubjects/mailbox.h"
#include "popsubjects/options.h"
#include "popsubjects/seen.h"

namespace proto::tools {

// Stdout does not take it.
class OutputError : public std::runtime_error {
 public:
  explicit OutputError(int code);  // errno
  // Nobody reads any more, or nobody ever did: not worth a word.
  bool nobody_reads() const noexcept;

 private:
  int code_;
};

// Both return the exit status.
int report_all(const PopOptions& options, Mailbox& mailbox);
// 1 where nothing is new. The state changes only after stdout was flushed, and only by what was
// shown: --count and --quiet show nothing.
int report_new(const PopOptions& options, Mailbox& mailbox, Seen& seen);

}  // namespace proto::tools
