#include "wire/saslprep.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto {
namespace {

TEST(Saslprep, AsRfc4013Section3HasIt) {
  EXPECT_EQ(saslprep("I\xc2\xadX"), "IX");
  EXPECT_EQ(saslprep("user"), "user");
  EXPECT_EQ(saslprep("USER"), "USER");
  EXPECT_THROW(saslprep("\x07"), std::invalid_argument);
#ifdef PROTO_WITH_IDN
  EXPECT_EQ(saslprep("\xc2\xaa"), "a");
  EXPECT_EQ(saslprep("\xe2\x85\xa8"), "IX");
  EXPECT_THROW(saslprep("\xd8\xa7\x31"), std::invalid_argument);
#endif
}

TEST(Saslprep, WhatKeyboardsTypeStaysAsItIs) {
  for (const char* text : {"", "a b~", "grüß", "пароль", "密码", "סיסמה", "😀"})
    EXPECT_EQ(saslprep(text), text);
  EXPECT_EQ(saslprep("a\xc2\xa0z"), "a z") << "NO-BREAK SPACE";
  EXPECT_EQ(saslprep("gr\xfc\xdf"), "gr\xfc\xdf") << "what is no UTF-8 cannot be prepared";
}

#ifdef PROTO_WITH_IDN
TEST(Saslprep, NormalisesAndMapsToNothing) {
  EXPECT_EQ(saslprep("u\u0308"), "\u00fc");
  EXPECT_EQ(saslprep("\ufb01n"), "fin") << "a ligature";
  EXPECT_EQ(saslprep("\uff21\uff11"), "A1") << "full width";
  EXPECT_EQ(saslprep("a\u200bb\ufeff\ufe0f"), "ab");
  EXPECT_EQ(saslprep("a\u3000b"), "a b");
}

TEST(Saslprep, RefusesWhatIsProhibited) {
  for (const char* text :
       {"a\u0085", "\ue000", "\ufdd0", "\ufffe", "\U0001ffff", "\ufffd", "\u2ff0", "\u0340x\u202e",
        "\u200e", "\U000e0041", "\U0010fffd", "\u0627a\u0627", "\u05d0x"}) {
    EXPECT_THROW(saslprep(text), std::invalid_argument) << text;
  }
  EXPECT_EQ(saslprep("\u06271\u0628"), "\u06271\u0628") << "one direction";
}
#endif

}  // namespace
}  // namespace proto
