/// The ids of the batches that took effect last, as many as a store remembers (G9).
package struct RecentWrites: Sendable {
  /// More than the contract asks for.
  private static let capacity = 16_384
  private var ids: Set<WriteID> = []
  private var order: [WriteID] = []
  private var next = 0

  /// Remembers nothing yet.
  package init() {}

  /// Whether the batch of this id is known to have taken effect.
  package func contains(_ id: WriteID) -> Bool { ids.contains(id) }

  /// Remembers an id, in the place of the oldest when there are too many.
  package mutating func insert(_ id: WriteID) {
    guard ids.insert(id).inserted else { return }
    if order.count < Self.capacity { return order.append(id) }
    ids.remove(order[next])
    order[next] = id
    next = (next + 1) % Self.capacity
  }
}
