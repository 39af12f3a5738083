#if PROTO_WITH_NGHTTP2
#include "wire/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/characters.h"
#include "proto/error.h"
#include "wire/field_line.h"

namespace proto {

namespace {

constexpr std::size_t kFrameHeadBytes = 9;
constexpr std::uint32_t kDefaultWindow = 65535;                // RFC 9113 §6.9.2
constexpr std::size_t kMaxRequestHead = std::size_t{1} << 24;  // bytes; nghttp2's own is 64 KiB

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};

void check(int code) {
  if (code == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
  if (code < 0) throw ProtocolError(std::string("HTTP/2: ") + nghttp2_strerror(code));
}

nghttp2_nv pair_of(std::string_view name, std::string_view value, bool secret = false) {
  // nghttp2 copies both; the const is lost only on the way.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          static_cast<std::uint8_t>(secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
}

}  // namespace

struct HTTP2Session::Impl {
  Impl(const HTTP2Limits& given, HTTP2Responses& given_responses);

  // Callbacks of nghttp2, which is C: no exception may pass it. What they throw waits in `failure`.
  template <typename F>
  int guarded(F f) noexcept {
    try {
      f();
      return 0;
    } catch (...) {
      failure = std::current_exception();
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
  void set_callbacks(nghttp2_session_callbacks* callbacks) const;

  void on_frame(const nghttp2_frame& frame);
  bool on_data(StreamID id, std::string_view data);
  void on_close(StreamID id, std::uint32_t code);
  void on_frame_sent(const nghttp2_frame& frame);
  ssize_t give_body(StreamID id, std::uint8_t* into, std::size_t room, std::uint32_t& flags);
  std::size_t take_frame_head(std::string_view bytes);
  std::size_t receive(std::string_view bytes);

  HTTP2Limits limits;
  std::unique_ptr<nghttp2_session, Freed<nghttp2_session_del>> session;
  std::exception_ptr failure;
  HTTP2Responses& responses;

  std::string frame_head;
  std::size_t payload_left = 0;  // of the frame that is coming in
  bool seen_settings = false;
  std::size_t idle_frames = 0;
  bool goaway = false;
  std::string goaway_reason;

  bool paused = false;  // at a piece of a body

  StreamID uploading = 0;
  std::string_view upload;
  bool upload_end = false, upload_over = false;
};

bool HTTP2Session::built_in() noexcept {
  return true;
}

HTTP2Session::Impl::Impl(const HTTP2Limits& given, HTTP2Responses& given_responses)
    : limits(given), responses(given_responses) {
  nghttp2_session_callbacks* callbacks = nullptr;
  check(nghttp2_session_callbacks_new(&callbacks));
  const std::unique_ptr<nghttp2_session_callbacks, Freed<nghttp2_session_callbacks_del>> freed(
      callbacks);
  set_callbacks(callbacks);
  nghttp2_option* option = nullptr;
  check(nghttp2_option_new(&option));
  const std::unique_ptr<nghttp2_option, Freed<nghttp2_option_del>> option_freed(option);
  // Windows are opened as bodies are read, and heads judged here, in this library's own words.
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_option_set_max_outbound_ack(option, limits.max_idle_frames);
  // How large a head may be is the server's affair, as over HTTP/1.1.
  nghttp2_option_set_max_send_header_block_length(option, kMaxRequestHead);
  nghttp2_session* made = nullptr;
  check(nghttp2_session_client_new2(&made, callbacks, this, option));
  session.reset(made);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(
           std::min<std::size_t>(limits.responses.head.max_head_bytes, UINT32_MAX))}};
  check(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings)));
  check(nghttp2_session_set_local_window_size(
      made, NGHTTP2_FLAG_NONE, 0,
      static_cast<std::int32_t>(std::max(limits.window, kDefaultWindow))));
}

void HTTP2Session::Impl::set_callbacks(nghttp2_session_callbacks* callbacks) const {
  using Session = nghttp2_session;
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](Session*, const nghttp2_frame* frame, void* user) {
        auto& impl = *static_cast<Impl*>(user);
        return impl.guarded([&] { impl.responses.begin_head(frame->hd.stream_id); });
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](Session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        auto& impl = *static_cast<Impl*>(user);
        return impl.guarded([&] {
          impl.responses.add_field(frame->hd.stream_id,
                                   {reinterpret_cast<const char*>(name), name_size},
                                   {reinterpret_cast<const char*>(value), value_size});
        });
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](Session*, const nghttp2_frame* frame, void* user) {
        auto& impl = *static_cast<Impl*>(user);
        return impl.guarded([&] { impl.on_frame(*frame); });
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](Session*, std::uint8_t, StreamID id, const std::uint8_t* data, std::size_t size,
                    void* user) {
        auto& impl = *static_cast<Impl*>(user);
        const int code = impl.guarded([&] {
          impl.paused = impl.on_data(id, {reinterpret_cast<const char*>(data), size});
        });
        return code == 0 && impl.paused ? static_cast<int>(NGHTTP2_ERR_PAUSE) : code;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](Session*, StreamID id, std::uint32_t code, void* user) {
        auto& impl = *static_cast<Impl*>(user);
        return impl.guarded([&] { impl.on_close(id, code); });
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](Session*, const nghttp2_frame* frame, void* user) {
        auto& impl = *static_cast<Impl*>(user);
        return impl.guarded([&] { impl.on_frame_sent(*frame); });
      });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(
      callbacks, [](Session*, const nghttp2_frame* frame, int, void* user) {
        auto& impl = *static_cast<Impl*>(user);
        return impl.guarded([&] {
          if (frame->hd.type == NGHTTP2_HEADERS)
            impl.on_close(frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        });
      });
}

void HTTP2Session::Impl::on_frame(const nghttp2_frame& frame) {
  const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    goaway = true;
    if (frame.goaway.error_code != NGHTTP2_NO_ERROR)
      goaway_reason = nghttp2_http2_strerror(frame.goaway.error_code);
  }
  if (frame.hd.type == NGHTTP2_DATA) responses.end_data(frame.hd.stream_id, end);
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  responses.end_head(frame.hd.stream_id, end);
  idle_frames = 0;
}

// True: it stands where it was fed, until it is used up.
bool HTTP2Session::Impl::on_data(StreamID id, std::string_view data) {
  idle_frames = 0;
  const auto place = responses.add_data(id, data);
  // The connection's window is for all: one body that waits must not stop the others. Its own
  // window bounds it.
  if (place == HTTP2Responses::Place::held)
    check(nghttp2_session_consume_connection(session.get(), data.size()));
  if (place == HTTP2Responses::Place::nowhere)
    check(nghttp2_session_consume(session.get(), id, data.size()));
  return place == HTTP2Responses::Place::here;
}

void HTTP2Session::Impl::on_close(StreamID id, std::uint32_t code) {
  responses.close(id, code == NGHTTP2_REFUSED_STREAM, nghttp2_http2_strerror(code));
}

// GOAWAY is never sent by us, RST_STREAM only as CANCEL: another one is nghttp2's verdict over the
// peer.
void HTTP2Session::Impl::on_frame_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    const std::string_view why(reinterpret_cast<const char*>(frame.goaway.opaque_data),
                               frame.goaway.opaque_data_len);
    throw ProtocolError(std::string("HTTP/2: ") + nghttp2_http2_strerror(frame.goaway.error_code) +
                        (why.empty() ? "" : ": " + escaped(why)));
  }
  if (frame.hd.type == NGHTTP2_RST_STREAM && frame.rst_stream.error_code != NGHTTP2_CANCEL) {
    throw ProtocolError(std::string("HTTP/2 response: ") +
                        nghttp2_http2_strerror(frame.rst_stream.error_code));
  }
}

ssize_t HTTP2Session::Impl::give_body(StreamID id, std::uint8_t* into, std::size_t room,
                                      std::uint32_t& flags) {
  if (id != uploading) return NGHTTP2_ERR_DEFERRED;
  const std::size_t size = std::min(room, upload.size());
  if (size == 0 && !upload_end) return NGHTTP2_ERR_DEFERRED;
  if (size != 0) {
    std::memcpy(into, upload.data(), size);
    upload.remove_prefix(size);
    idle_frames = 0;
  }
  if (upload.empty() && upload_end) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    upload_over = true;
  }
  return static_cast<ssize_t>(size);
}

// A frame's head goes on as a whole: nghttp2 takes one of CONTINUATION that comes in pieces for
// many.
std::size_t HTTP2Session::Impl::take_frame_head(std::string_view bytes) {
  const std::size_t size = std::min(kFrameHeadBytes - frame_head.size(), bytes.size());
  frame_head += bytes.substr(0, size);
  if (frame_head.size() < kFrameHeadBytes) return size;
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(frame_head[i]); };
  // A server of HTTP/1.1 answers in its own tongue: that is to be told as what it is.
  if (!std::exchange(seen_settings, true) && byte(3) != NGHTTP2_SETTINGS)
    throw ProtocolError("HTTP/2: want SETTINGS first, got " + quoted(frame_head));
  if (byte(3) == NGHTTP2_PUSH_PROMISE)
    throw ProtocolError("HTTP/2: a PUSH_PROMISE, which SETTINGS forbade");
  if (++idle_frames > limits.max_idle_frames) {
    throw LimitError("HTTP/2: more than " + std::to_string(limits.max_idle_frames) +
                     " frames that bring nothing on");
  }
  payload_left = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
  receive(frame_head);
  frame_head.clear();
  return size;
}

std::size_t HTTP2Session::Impl::receive(std::string_view bytes) {
  const ssize_t used = nghttp2_session_mem_recv(
      session.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  check(static_cast<int>(std::min<ssize_t>(used, 0)));
  return static_cast<std::size_t>(used);
}

HTTP2Session::HTTP2Session(const HTTP2Limits& limits)
    : responses_(limits.responses), impl_(std::make_unique<Impl>(limits, responses_)) {}
HTTP2Session::~HTTP2Session() = default;

HTTP2Session::StreamID HTTP2Session::request(const HTTP2Request& request, bool body) {
  std::vector<nghttp2_nv> fields{pair_of(":method", request.method),
                                 pair_of(":scheme", request.scheme)};
  if (!request.authority.empty()) fields.push_back(pair_of(":authority", request.authority));
  fields.push_back(pair_of(":path", request.path));
  // Secrets stay out of the compression's tables (RFC 7541 §7.1.3).
  for (const auto field : request.fields)
    fields.push_back(pair_of(field.name, field.value, is_secret_field(field.name)));
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, StreamID id, std::uint8_t* into, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source*, void* user) {
    return static_cast<Impl*>(user)->give_body(id, into, room, *flags);
  };
  const StreamID id = nghttp2_submit_request(impl_->session.get(), nullptr, fields.data(),
                                             fields.size(), body ? &provider : nullptr, nullptr);
  check(id);
  responses_.open(id);
  impl_->idle_frames = 0;
  return id;
}

bool HTTP2Session::accepts_requests() const noexcept {
  return !impl_->goaway && nghttp2_session_check_request_allowed(impl_->session.get()) != 0;
}

const std::string& HTTP2Session::goaway_reason() const noexcept {
  return impl_->goaway_reason;
}

// Frame by frame, so that what one brings can be taken before the next one is judged.
std::size_t HTTP2Session::feed(std::string_view bytes) {
  Impl& impl = *impl_;
  // Behind a piece that was the frame's last there may be its end to see to.
  if (std::exchange(impl.paused, false) && impl.payload_left == 0) return impl.receive({});
  if (impl.payload_left == 0) return impl.take_frame_head(bytes);
  const std::size_t used = impl.receive(bytes.substr(0, impl.payload_left));
  impl.payload_left -= used;
  return used;
}

bool HTTP2Session::has_input() const noexcept {
  return impl_->paused;
}

void HTTP2Session::take_output(std::string& out, std::size_t max_bytes) {
  while (out.size() < max_bytes) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(impl_->session.get(), &data);
    if (impl_->failure) std::rethrow_exception(std::exchange(impl_->failure, nullptr));
    check(static_cast<int>(std::min<ssize_t>(size, 0)));
    if (size == 0) return;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
}

void HTTP2Session::send_body(StreamID id, std::string_view data, bool end) {
  impl_->uploading = id;
  impl_->upload = data;
  impl_->upload_end = end;
  impl_->upload_over = false;
  // Refused where nothing waits for it: the request is not on its way yet, or over already.
  nghttp2_session_resume_data(impl_->session.get(), id);
}

std::size_t HTTP2Session::unsent() const noexcept {
  return impl_->upload.size();
}

bool HTTP2Session::body_sent() const noexcept {
  return impl_->upload.empty() && (!impl_->upload_end || impl_->upload_over);
}

void HTTP2Session::consume(std::size_t size) {
  const StreamID id = responses_.reading();
  const auto place = responses_.consume(size);
  if (place == HTTP2Responses::Place::here)
    check(nghttp2_session_consume(impl_->session.get(), id, size));
  if (place == HTTP2Responses::Place::held)
    check(nghttp2_session_consume_stream(impl_->session.get(), id, size));
}

void HTTP2Session::forget(StreamID id) {
  // What came is done with, too: the connection's window is not to shrink by it.
  if (responses_.reading() == id) consume(responses_.piece().size());
  if (!responses_.forget(id)) return;
  nghttp2_session* session = impl_->session.get();
  if (nghttp2_session_get_stream_local_close(session, id) == 0 ||
      nghttp2_session_get_stream_remote_close(session, id) == 0)
    check(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL));
  if (impl_->uploading == id) {
    impl_->uploading = 0;
    impl_->upload = {};
  }
}

}  // namespace proto
#endif
