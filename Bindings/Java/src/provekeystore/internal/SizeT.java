package provekeystore.internal;

import com.sun.jna.IntegerType;
import com.sun.jna.Native;

/** A {@code size_t}. */
public final class SizeT extends IntegerType {
  private static final long serialVersionUID = 1;

  /** Zero, as JNA makes one of its own. */
  public SizeT() {
    this(0);
  }

  /** A length. */
  public SizeT(long value) {
    super(Native.SIZE_T_SIZE, value, true);
  }
}
