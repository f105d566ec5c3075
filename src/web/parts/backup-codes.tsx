import { useWaysText } from "../i18n/ways.ts";

/** Backup codes, shown once. */
export function BackupCodes({ codes, done }: { codes: readonly string[]; done: () => void }) {
  const text = useWaysText();
  return (
    <section className="note is-good" role="status">
      <div>
        <h2>{text.codesTitle}</h2>
        <p>{text.codesLead}</p>
        <ul className="codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <button type="button" className="button is-primary" onClick={done}>
          {text.codesKept}
        </button>
      </div>
    </section>
  );
}
