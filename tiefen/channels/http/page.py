"""The light page behind a short link: what it is, and a QR code to go on with in WeChat.

Whole in one answer and without a framework: it opens on other platforms' browsers, often on a slow
line. Everything that a merchant wrote is escaped.
"""

import io
from html import escape

import segno

from tiefen.channels.values import LinkTarget, Opened, Opening
from tiefen.kernel.errors import Language
from tiefen.kernel.money import yuan_cell

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "wide": "打开微信扫一扫",
        "narrow": "长按保存二维码，再用微信“扫一扫”从相册打开",
        "follow_wide": "打开微信扫一扫，关注我们",
        "follow_narrow": "在微信里长按识别，关注我们；其他应用里请先保存图片",
        "waiting": "二维码正在生成，请稍候刷新",
        "copy": "复制链接",
        "copied": "已复制",
        "or": "或者复制链接，到微信里打开",
        "over": "这个链接已经结束",
        "over_more": "活动已过期或已停用。在微信里搜索“{name}”可以继续找到我们。",
        "missing": "没有这个链接",
        "missing_more": "请检查地址是否完整。",
        "qr": "二维码",
        "shop": "我们的微信店铺：在微信里打开就能逛、下单、看订单。",
        "product": "在微信里打开就能下单。",
        "account": "关注我们的公众号，新品和优惠先知道。",
    },
    "en": {
        "wide": "Scan with WeChat",
        "narrow": "Press and hold to save the code, then open it with WeChat's Scan from your album",
        "follow_wide": "Scan with WeChat and follow us",
        "follow_narrow": "Inside WeChat press and hold to follow us; elsewhere save the picture first",
        "waiting": "The code is still being made; reload in a moment",
        "copy": "Copy link",
        "copied": "Copied",
        "or": "Or copy the link and open it in WeChat",
        "over": "This link has ended",
        "over_more": "It has expired or was switched off. Search WeChat for “{name}” to find us.",
        "missing": "No such link",
        "missing_more": "Check whether the address is complete.",
        "qr": "QR code",
        "shop": "Our shop on WeChat: open it there to look round, buy and see your orders.",
        "product": "Open it in WeChat to buy.",
        "account": "Follow our account and be the first to hear of news and offers.",
    },
}
_STYLE = """
:root{color-scheme:light dark;--ink:#16181d;--soft:#646b78;--ground:#f3f5f4;--card:#fff;--line:#e3e7e5;
--brand:#07884b}
@media(prefers-color-scheme:dark){:root{--ink:#eef1ef;--soft:#a0a8a4;--ground:#121513;--card:#1c201e;
--line:#2d3330;--brand:#2fc27f}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;display:grid;grid-template-columns:minmax(0,1fr);place-items:center;padding:24px 16px;background:var(--ground);
color:var(--ink);font:16px/1.6 -apple-system,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
main{width:100%;max-width:400px;padding:28px 24px;border-radius:20px;background:var(--card);
border:1px solid var(--line);text-align:center;overflow-wrap:anywhere}
.who{display:inline-flex;align-items:center;gap:8px;color:var(--soft);font-size:14px}
.disc{display:grid;place-items:center;width:28px;height:28px;border-radius:50%;background:var(--brand);
color:#fff;font-size:14px}
.shot{display:block;width:100%;aspect-ratio:2/1;object-fit:cover;border-radius:14px;margin-top:18px;
background:var(--ground)}
h1{font-size:21px;line-height:1.35;margin-top:16px}
.price{color:#d6432f;font-weight:600;font-size:18px;margin-top:6px}
.words{color:var(--soft);margin-top:8px;white-space:pre-line}
.qr{display:block;width:216px;height:216px;margin:20px auto 0;padding:8px;border-radius:14px;
background:#fff;border:1px solid var(--line)}
.hint{margin-top:10px;font-weight:600}
.wide{display:none}
.line{display:flex;gap:8px;margin-top:8px}
.line code{flex:1;min-width:0;padding:12px;border-radius:10px;background:var(--ground);
font:13px/1.5 ui-monospace,Menlo,monospace;text-align:left;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap;user-select:all;-webkit-user-select:all}
button{flex:none;min-height:44px;padding:0 16px;border:0;border-radius:10px;background:var(--brand);color:#fff;
font:600 14px/1 inherit;cursor:pointer}
@media(prefers-color-scheme:dark){button,.disc{color:#06150d}}
.or{color:var(--soft);font-size:13px;margin-top:20px;padding-top:16px;border-top:1px solid var(--line)}
@media(min-width:900px){.shot{aspect-ratio:4/3}main{max-width:820px;padding:40px;text-align:left}
main.two{display:grid;grid-template-columns:1fr 280px;gap:0 44px;align-items:center}
.side{text-align:center}.qr{width:248px;height:248px;margin-top:0}.wide{display:block}.narrow{display:none}
h1{font-size:26px}}
"""
_COPY = """
document.querySelector('button').addEventListener('click',function(){var b=this,
c=document.querySelector('code');function d(){b.textContent=b.dataset.done}
if(navigator.clipboard){navigator.clipboard.writeText(c.textContent).then(d)}else{
var r=document.createRange();r.selectNode(c);var s=getSelection();s.removeAllRanges();s.addRange(r);
if(document.execCommand('copy'))d()}})
"""


def page_of(opened: Opened, language: Language, nonce: str) -> str:
    """The page of a link. `nonce`: what the content policy lets its one script run by."""
    say = _WORDS[language]
    if opened.opening is Opening.OVER:
        more = say["over_more"].format(name=opened.merchant_name)
        return _whole(language, say["over"], _told(say["over"], more, opened.merchant_name))
    follows = opened.target is LinkTarget.FOLLOW
    shot = f'<img class="shot" src="{escape(opened.image)}" alt="">' if opened.image else ""
    price = _price(opened.price_fen, language)
    told = opened.words or say["account" if follows else opened.target.value]
    who = _who(opened.merchant_name) if opened.title != opened.merchant_name else ""
    hint = "follow_" if follows else ""
    body = (
        f'<main class="two"><div>{who}{shot}<h1>{escape(opened.title)}</h1>{price}'
        f'<p class="words">{escape(told)}</p></div>'
        f'<div class="side">{_qr(opened.qr, say)}'
        f'<p class="hint wide">{say[hint + "wide"]}</p>'
        f'<p class="hint narrow">{say[hint + "narrow"]}</p>'
        f'<p class="or">{say["or"]}</p><div class="line"><code>{escape(opened.address)}</code>'
        f'<button type="button" data-done="{say["copied"]}">{say["copy"]}</button></div></div></main>'
        f'<script nonce="{escape(nonce)}">{_COPY}</script>'
    )
    return _whole(language, opened.title, body)


def missing_page(language: Language) -> str:
    """There is no such link."""
    say = _WORDS[language]
    return _whole(language, say["missing"], _told(say["missing"], say["missing_more"], ""))


def _told(title: str, more: str, name: str) -> str:
    who = _who(name) if name else ""
    return f'<main>{who}<h1>{escape(title)}</h1><p class="words">{escape(more)}</p></main>'


def _who(name: str) -> str:
    return (
        f'<p class="who"><span class="disc" aria-hidden="true">{escape(name[:1])}</span>'
        f"{escape(name)}</p>"
    )


def _price(fen: int | None, language: Language) -> str:
    if fen is None:
        return ""
    amount = f"¥{yuan_cell(fen)}"
    shown = f"{amount} 起" if language == "zh" else f"from {amount}"
    return f'<p class="price">{shown}</p>'


def _qr(text: str, say: dict[str, str]) -> str:
    if not text:
        return f'<p class="words">{say["waiting"]}</p>'
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=1, omitsize=True, xmldecl=False, svgns=True, nl=False
    )
    drawn = out.getvalue().decode()
    label = f'<svg class="qr" role="img" aria-label="{say["qr"]}" '
    return drawn.replace("<svg ", label, 1).replace(' class="segno"', "")


def _whole(language: Language, title: str, body: str) -> str:
    tongue = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
