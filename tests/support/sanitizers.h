// Whether these tests are built with sanitizers: what counts memory or forks has other bounds then.
#pragma once

namespace proto::test {

// From PROTO_SANITIZE, by CMake: compilers do not agree on a macro of their own.
#ifdef PROTO_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace proto::test
