import CLibPQ
import Glibc

/// The one owner of a `PGconn *`.
///
/// Not `Sendable`: libpq lets one thread at a time use a connection.
@safe
final class ServerHandle {
  /// The connection, for one call at a time.
  let pointer: OpaquePointer
  /// Warnings that the server sent since they were last counted.
  private let warnings: UnsafeMutablePointer<Int>

  /// Begins a connection, with parameters as libpq names them.
  init(starting parameters: [(keyword: String, value: String)]) throws(PostgresError) {
    let started = unsafe Self.withStrings(parameters) { keywords, values in
      unsafe PQconnectStartParams(keywords, values, 0)
    }
    guard let started = unsafe started else {
      throw PostgresError(.other, operation: "connect", message: "out of memory")
    }
    unsafe pointer = started
    unsafe warnings = .allocate(capacity: 1)
    unsafe warnings.initialize(to: 0)
    // Nothing of the server's words is kept: only its code for what happened.
    unsafe PQsetErrorVerbosity(pointer, PQERRORS_SQLSTATE)
    unsafe PQsetNoticeReceiver(pointer, { unsafe noteWarning($0, $1) }, warnings)
  }

  deinit {
    unsafe PQfinish(pointer)
    unsafe warnings.deallocate()
  }

  /// Whether the session stands, as far as has been noticed.
  var isUp: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }

  /// libpq's words about the connection.
  var message: String { unsafe String(cString: PQerrorMessage(pointer)) }

  /// What is waited for.
  enum Readiness {
    case readable, writable, either

    var events: Int16 {
      switch self {
      case .readable: Int16(POLLIN)
      case .writable: Int16(POLLOUT)
      case .either: Int16(POLLIN) | Int16(POLLOUT)
      }
    }
  }

  /// Waits until the socket is ready; false when the time is over.
  func wait(_ readiness: Readiness = .readable, until deadline: Deadline) -> Bool {
    while true {
      var entry = pollfd()
      entry.fd = unsafe PQsocket(pointer)
      guard entry.fd >= 0 else { return true }
      entry.events = readiness.events
      let left = Int32(clamping: deadline.millisecondsLeft)
      let ready = unsafe poll(&entry, 1, left)
      // Errors of the socket are libpq's to find; a signal is no reason to give up.
      if ready > 0 || (ready < 0 && errno != EINTR) { return true }
      if ready == 0 && deadline.isOver { return false }
    }
  }

  /// The warnings since the last call.
  func takeWarnings() -> Int {
    defer { unsafe warnings.pointee = 0 }
    return unsafe warnings.pointee
  }

  /// Lends the parameters as two arrays of C strings, each ended by a null pointer.
  private static func withStrings<R>(
    _ parameters: [(keyword: String, value: String)],
    _ body: (
      UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>
    ) -> R
  ) -> R {
    var text: [CChar] = []
    var offsets: [Int] = []
    for word in parameters.map(\.keyword) + parameters.map(\.value) {
      offsets.append(text.count)
      text += word.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    return unsafe text.withUnsafeBufferPointer { text in
      let words = unsafe offsets.map { offset in
        unsafe text.baseAddress.map { start in unsafe start + offset }
      }
      let keywords = unsafe Array(words.prefix(parameters.count)) + [nil]
      let values = unsafe Array(words.suffix(parameters.count)) + [nil]
      return unsafe body(keywords, values)
    }
  }
}

/// Counts a warning; a mere notice is passed over.
private func noteWarning(_ context: UnsafeMutableRawPointer?, _ notice: OpaquePointer?) {
  guard let severity = unsafe PQresultErrorField(notice, pks_field_severity),
    unsafe String(cString: severity) == "WARNING"
  else { return }
  unsafe context?.assumingMemoryBound(to: Int.self).pointee += 1
}
