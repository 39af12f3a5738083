// Keeps the support library a library while it has no sources of its own yet.
namespace proto::test {
extern const int kAnchor;
const int kAnchor = 0;
}  // namespace proto::test
