// SPDX-License-Identifier: Apache-2.0

// The process that hosts one mapper library. edgecore starts it; it links the engine and nothing heavier.
internal import Glibc
internal import MapperEngine

let arguments = CommandLine.arguments
guard arguments.count == 2, !arguments[1].hasPrefix("-"), fcntl(RunnerLoop.socketDescriptor, F_GETFD) >= 0,
  fcntl(RunnerLoop.boardDescriptor, F_GETFD) >= 0
else {
  let text =
    "mapper-runner hosts one mapper library for edgecore, which starts it. It is not for use by hand.\n"
  _ = text.utf8CString.withUnsafeBufferPointer { write(2, $0.baseAddress, $0.count - 1) }
  exit(RunnerExit.usage)
}
exit(RunnerLoop.run(library: arguments[1]))
