import { useMutation } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { dropTextsOf } from "../../lib/kept-text.ts";
import { session, type User } from "../../session/store.ts";
import { Part, PartForm, PasswordField, textIn } from "./part.tsx";

/** Gives a file to the browser's downloads. */
function handOver(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** All stored data of the user, to download or to erase. */
export function DataPart({ user }: { user: User }) {
  const text = useAccountText();
  const path = `/users/${encodeURIComponent(user.id)}`;
  const download = useMutation({
    mutationFn: async () => {
      const response = await fetch(`/api/v1${path}/export`, {
        method: "POST",
        headers: { authorization: `Bearer ${await session.token()}` },
      });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      handOver(await response.blob(), `latchkey-${user.id}.jsonl`);
    },
  });
  const erase = useMutation({
    mutationFn: (password: string) => request(path, { method: "DELETE", body: { password } }),
    onSuccess: () => {
      dropTextsOf(user.id);
      return session.signOut();
    },
  });
  return (
    <>
      <Part title={text.data} hint={text.dataHint}>
        <PartForm label={text.download} write={download} done={text.done} onSubmit={() => download.mutate()} />
      </Part>
      <Part title={text.erase} hint={text.eraseHint}>
        {user.role === "admin" ? (
          <p>{text.eraseAdmin}</p>
        ) : (
          <PartForm
            label={text.erase}
            isDanger
            write={erase}
            onSubmit={(form) => {
              if (window.confirm(text.eraseSure)) erase.mutate(textIn(form, "password"));
            }}
          >
            <PasswordField label={text.yourPassword} name="password" />
          </PartForm>
        )}
      </Part>
    </>
  );
}
