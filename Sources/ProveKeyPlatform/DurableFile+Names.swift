import Glibc

extension DurableFile {
  /// Gives the file a second name, durably; one that is there already is refused.
  package func link(to other: String) throws(Problem) {
    guard unsafe Glibc.link(path, other) == 0 else { throw .system(errno) }
    try DurableFile(path: other).synchronizeFolder()
  }

  /// Gives the file another name, durably and in one step, in the place of any file that has it.
  package func move(to other: String) throws(Problem) {
    guard unsafe Glibc.rename(path, other) == 0 else { throw .system(errno) }
    try DurableFile(path: other).synchronizeFolder()
  }

  /// Whether both names lead to one file.
  package func isSameFile(as other: String) -> Bool {
    var (mine, theirs) = (stat(), stat())
    guard unsafe lstat(path, &mine) == 0, unsafe lstat(other, &theirs) == 0 else { return false }
    return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino
  }
}
