import { Link } from "wouter";
import { useLearningText } from "../../i18n/learning.ts";
import { useObserved } from "./api.ts";

/** The way to the learners whom one observes; nothing for who observes nobody. */
export default function ObservedNote() {
  const text = useLearningText();
  const observed = useObserved();
  if ((observed.data?.results.length ?? 0) === 0) return null;
  return (
    <p>
      <Link className="button is-quiet" href="/observed">
        {text.observedTitle}
      </Link>
    </p>
  );
}
