// As many descriptors as the process may have: what the soft limit allows is few for a server.
#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace proto::tools {

// Raises the soft limit to the hard one; what it is then.
inline std::size_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

}  // namespace proto::tools
