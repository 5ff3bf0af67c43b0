/// What libFuzzer calls; each file of `Targets` has the `fuzz(_:)` of one fuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
