// Secrets among the arguments of the process, which a process list shows.
#pragma once

namespace CLI {
class App;
}

namespace proto::httpget {

// Blanks in `argv` every login, cookie and secret header field, and the logins in the URLs: each
// where it stands, also of an option given more than once, of which `app` has kept the last value
// alone. Call it after `app` has taken its copies.
void wipe_secrets(int argc, char** argv, const CLI::App& app);

}  // namespace proto::httpget
