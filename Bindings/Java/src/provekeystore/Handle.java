package provekeystore;

import java.util.concurrent.atomic.AtomicLong;
import provekeystore.internal.Library;

/** Something open in the library. Calls on what was closed say CLOSED or BAD_HANDLE. */
abstract class Handle implements AutoCloseable {
  private final AtomicLong value;

  Handle(long value) {
    this.value = new AtomicLong(value);
  }

  final long handle() {
    return value.get();
  }

  /** Closes it; closing again does nothing. Other threads' calls finish, or say CLOSED. */
  @Override
  public void close() {
    long closed = value.getAndSet(0);
    if (closed != 0) {
      Library.call("pks_close", closed);
    }
  }
}
