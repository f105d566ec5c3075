export {
  ItemOrder,
  isRevoked,
  type Pass,
  type PassFault,
  type PassKeySet,
  type PassResult,
  type RevokedPasses,
  subjectOf,
  verifyPass,
} from "./pass.ts";
export { type OpenItems, PassVerifier, type PassVerifierOptions } from "./verifier.ts";
