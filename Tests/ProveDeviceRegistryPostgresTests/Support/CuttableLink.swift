import Foundation
import PostgresTestSupport
import ProveKeyPlatform

/// A way to a port of the loopback that can be cut, as a network is: what was under way stays under
/// way and nothing arrives, in either direction, until it is mended.
final class CuttableLink: Sendable {
  /// The port to go in by.
  let port: Int
  private let target: Int
  private let isCutNow = Locked(false)

  /// Opens a way to `target`; it stays open until the process ends.
  init(to target: Int) throws {
    self.target = target
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    guard status else { throw ShellError(description: "no port for a link") }
    port = Int(UInt16(bigEndian: address.sin_port))
    Self.close(listener, onExec: true)
    Thread.detachNewThread { self.accept(listener) }
  }

  /// Whether nothing arrives at present.
  var isCut: Bool {
    get { isCutNow.withLock { $0 } }
    set { isCutNow.withLock { $0 = newValue } }
  }

  private func accept(_ listener: Int32) {
    while true {
      let near = Glibc.accept(listener, nil, nil)
      guard near >= 0 else { continue }
      Self.close(near, onExec: true)
      Thread.detachNewThread { self.join(near) }
    }
  }

  private func join(_ near: Int32) {
    waitUntilMended()
    let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    Self.close(far, onExec: true)
    var address = Self.loopback(target)
    let isConnected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe connect(far, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      Glibc.close(near)
      Glibc.close(far)
      return
    }
    let done = DispatchSemaphore(value: 0)
    for (from, to) in [(near, far), (far, near)] {
      Thread.detachNewThread {
        self.carry(from, to)
        done.signal()
      }
    }
    done.wait()
    done.wait()
    Glibc.close(near)
    Glibc.close(far)
  }

  /// Carries bytes one way until either end is closed.
  private func carry(_ from: Int32, _ to: Int32) {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe read(from, $0.baseAddress, $0.count)
      }
      waitUntilMended()
      guard count > 0 else { break }
      let sent = unsafe bytes.withUnsafeBytes {
        unsafe send(to, $0.baseAddress, count, Int32(MSG_NOSIGNAL))
      }
      guard sent == count else { break }
    }
    // The end of one direction ends both: nobody here goes on with half a connection.
    shutdown(from, Int32(SHUT_RDWR))
    shutdown(to, Int32(SHUT_RDWR))
  }

  private func waitUntilMended() {
    while isCut { usleep(20_000) }
  }

  private static func close(_ descriptor: Int32, onExec: Bool) {
    _ = fcntl(descriptor, F_SETFD, onExec ? FD_CLOEXEC : 0)
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
