import { useWebhookText } from "../../i18n/webhooks.ts";

/** A secret that was just made; it is nowhere else to be seen. */
export function Secret({ secret }: { secret: string }) {
  const text = useWebhookText();
  return (
    <p>
      {text.secretShown}
      <br />
      <code>{secret}</code>
    </p>
  );
}
