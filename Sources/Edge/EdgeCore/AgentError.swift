// SPDX-License-Identifier: Apache-2.0

/// Why the agent cannot be put together; the text is for operators.
package struct AgentError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
