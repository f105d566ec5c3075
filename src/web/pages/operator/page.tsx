export default function Stub(_: { course?: string }) {
  return null;
}
