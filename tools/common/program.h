// What every program here does alike: its start, its error line, its end by a signal.
#pragma once

#include <string>
#include <string_view>

namespace proto::tools {

// Call it first in main(): SIGPIPE and SIGXFSZ become errors of write(), descriptors 0 to 2 are
// never free for a socket or a file, and SIGINT and SIGTERM end the program at once, with its
// temporary files removed and the exit status of that signal. `name` must live as long as the
// program.
void start_program(const char* name);

// "NAME: text" on stderr: one line, control characters escaped. Errors are silent after silence().
void error_line(std::string_view text);
void silence_errors();
// As it is. What stderr does not take is lost.
void print_to_stderr(std::string_view text);

// Removed when a signal ends the program. At most 320 at a time; a path of up to 4095 bytes.
// Returns a slot for forget_temporary(), or -1 where there is no room.
int remember_temporary(const std::string& path);
void forget_temporary(int slot);

// A child with a process group of its own, which is killed when a signal ends the program; 0: none.
void remember_child_group(int pid);

// All of stdout was written. Call it before exiting with 0; false: the disk is full, or nobody
// reads.
bool flush_stdout();

}  // namespace proto::tools
