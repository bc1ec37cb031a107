// Sends forms that carry files by XMLHttpRequest, because fetch cannot tell how far an upload has come.

function paint(form, loaded) {
  let before = 0;
  const files = [...(form.querySelector("[data-files] input[type=file]")?.files ?? [])];
  form.querySelectorAll("[data-file-progress]").forEach((bar, place) => {
    const { size } = files[place];
    bar.hidden = false;
    bar.value = size ? Math.min(1, Math.max(0, loaded - before) / size) : 1; // the parts travel one after another
    before += size;
  });
}

function headersOf(xhr) {
  const lines = xhr.getAllResponseHeaders().trim().split("\r\n");
  return new Headers(lines.map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]));
}

function answerOf(xhr) {
  const response = new Response(xhr.status === 204 ? null : xhr.responseText, {
    status: xhr.status,
    headers: headersOf(xhr),
  });
  Object.defineProperty(response, "url", { value: xhr.responseURL });
  return response;
}

const upload = (form) => (url, request) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(request.method, url);
    Object.entries(request.headers).forEach(([name, value]) => xhr.setRequestHeader(name, value));
    xhr.upload.onprogress = ({ loaded }) => paint(form, loaded);
    xhr.onload = () => resolve(answerOf(xhr));
    xhr.onerror = () => reject(new TypeError("The connection broke."));
    xhr.onabort = () => reject(new DOMException("The request was given up.", "AbortError"));
    request.signal?.addEventListener("abort", () => xhr.abort());
    xhr.send(request.body);
  });

document.addEventListener("htmx:config:request", ({ target, detail: { ctx } }) => {
  const form = target.closest("form");
  const picked = form?.enctype === "multipart/form-data" && form.querySelector("[data-files] input[type=file]");
  if (picked && picked.files.length && !target.matches("[data-without-files]")) ctx.fetch = upload(form);
});
