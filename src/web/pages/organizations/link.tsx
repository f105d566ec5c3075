import { Link } from "wouter";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { knownToManage } from "../../lib/managed-memory.ts";
import type { User } from "../../session/store.ts";
import { useMine } from "./mine.ts";

const HOUR_MS = 3_600_000;

/** The way to the organisation that the user manages; nothing for everybody else. */
export default function ManagerLink({ user, isHere }: { user: User; isHere: boolean }) {
  const text = useOrganizationText();
  const known = knownToManage(user.id);
  const mine = useMine({ enabled: known === null, staleTime: HOUR_MS });
  const manages = mine.data === undefined ? known === true : mine.data.length > 0;
  if (!manages) return null;
  return (
    <Link href="/organizations" aria-current={isHere ? "page" : undefined}>
      {text.mine}
    </Link>
  );
}
