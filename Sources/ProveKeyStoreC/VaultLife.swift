public import CProveKeyStore
import ProveKeySealing
import ProveKeyVault

/// Walks everything in a vault.
@c @implementation
public func pks_vault_verify(
  _ vault: pks_vault, _ report: UnsafeMutablePointer<pks_vault_report>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(report)
    let found = try HandleTable.vault(vault).vault.verify()
    var report = pks_vault_report()
    report.is_sound = found.isSound ? 1 : 0
    report.records = UInt64(found.records)
    report.keys = UInt64(found.keys)
    report.problem_count = UInt64(found.problemCount)
    place.put(report)
  }
}

/// Locks a vault with another method.
@c @implementation
public func pks_vault_rewrap(
  _ vault: pks_vault, _ unlock: UnsafePointer<pks_unlock>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let vault = try HandleTable.vault(vault).vault
    try vault.rewrap(unlock: try unsafe UnlockMethod(unlock))
  }
}

/// Seals every record under a new data key.
@c @implementation
public func pks_vault_rotate(
  _ vault: pks_vault, _ progress: pks_progress!, _ context: UnsafeMutableRawPointer!,
  _ rotation: UnsafeMutablePointer<pks_rotation>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(rotation)
    let watcher = unsafe Watcher(progress, context)
    let report = try HandleTable.vault(vault).vault.rotate { step in
      watcher.tell(step.done, step.total) ? .goOn : .stop
    }
    var rotation = pks_rotation()
    rotation.epoch = report.epoch
    rotation.resealed = UInt64(report.resealed)
    rotation.retired_count = UInt32(report.retired.count)
    rotation.is_resumed = report.isResumed ? 1 : 0
    rotation.is_complete = report.isComplete ? 1 : 0
    place.put(rotation)
    guard report.isComplete else {
      throw Refusal.call(PKS_CANCELLED, "the callback stopped the rotation; what was done stays")
    }
  }
}

/// Copies a vault.
@c @implementation
public func pks_vault_backup(
  _ vault: pks_vault, _ path: UnsafePointer<CChar>!, _ progress: pks_progress!,
  _ context: UnsafeMutableRawPointer!, _ backup: UnsafeMutablePointer<pks_backup>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(backup)
    let path = try unsafe text(path)
    let watcher = unsafe Watcher(progress, context)
    let report = try HandleTable.vault(vault).vault.backup(to: path) { step in
      watcher.tell(step.done, step.total)
    }
    var backup = pks_backup()
    backup.generation = report.generation
    backup.records = UInt64(report.records)
    backup.keys = UInt64(report.keys)
    backup.file_bytes = report.fileBytes
    place.put(backup)
  }
}

/// Gives free pages back.
@c @implementation
public func pks_vault_compact(
  _ vault: pks_vault, _ progress: pks_progress!, _ context: UnsafeMutableRawPointer!,
  _ compaction: UnsafeMutablePointer<pks_compaction>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(compaction)
    let watcher = unsafe Watcher(progress, context)
    let report = try HandleTable.vault(vault).vault.compact { watcher.tell($0.done, $0.total) }
    var compaction = pks_compaction()
    compaction.is_log_empty = report.isLogEmpty ? 1 : 0
    compaction.file_bytes_before = report.fileBytesBefore
    compaction.file_bytes = report.fileBytes
    place.put(compaction)
  }
}

/// Erases a vault for good.
@c @implementation
public func pks_vault_destroy(
  _ vault: pks_vault, _ destruction: UnsafeMutablePointer<pks_destruction>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(destruction)
    let receipt = try HandleTable.vault(vault).vault.destroy()
    var destruction = pks_destruction()
    destruction.data_keys = UInt32(receipt.dataKeys)
    destruction.generation = receipt.generation
    destruction.records = UInt64(receipt.records)
    destruction.keys = UInt64(receipt.keys)
    destruction.overwritten_bytes = UInt64(receipt.overwrittenBytes)
    place.put(destruction)
  }
}

/// Answers a request in JSON.
@c @implementation
public func pks_vault_request(
  _ vault: pks_vault, _ request: UnsafePointer<CChar>!, _ request_length: Int,
  _ reply: UnsafeMutablePointer<pks_reply>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ValuePlace(reply)
    let request = try unsafe buffer(
      request, count: request_length, limit: CallLimits.requestByteCount)
    let line = unsafe request.map { UInt8(bitPattern: $0) }
    let answer = try HandleTable.vault(vault).answer(to: line)
    place.put(try HandleTable.process.add(.reply(answer)))
  }
}

/// Copies a reply.
@c @implementation
public func pks_reply_read(
  _ reply: pks_reply, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(buffer, capacity: capacity, length: length)
    try place.put(try HandleTable.reply(reply).map { CChar(bitPattern: $0) })
  }
}
