import { describe, expect, it } from 'vitest'
import { briefPath, gist, pathOf, pieces, pretty } from '../src/text'

describe('texts of messages', () => {
  it('cut out anchors, mini programs and bare addresses, and nothing else', () => {
    expect(pieces('看 <a href="http://a.cn/x?a=1&amp;b=2">这里</a>，或 https://b.cn/y。完')).toEqual([
      { text: '看 ' },
      { text: '这里', url: 'http://a.cn/x?a=1&b=2' },
      { text: '，或 ' },
      { text: 'https://b.cn/y', url: 'https://b.cn/y' },
      { text: '。完' },
    ])
    expect(pieces('<a data-miniprogram-appid="wx1" data-miniprogram-path="pages/a?b=1" href="http://x">进</a>')).toEqual([{ text: '进', mini: 'pages/a?b=1' }])
  })

  it('never make a script tappable', () => {
    expect(pieces('<a href="javascript:alert(1)">点</a>')).toEqual([{ text: '点' }])
    expect(pieces('<img src=x onerror=alert(1)>')).toEqual([{ text: '<img src=x onerror=alert(1)>' }])
  })
})

describe('bodies on the wire', () => {
  it('are indented when they are JSON or XML, else left alone', () => {
    expect(pretty('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}')
    expect(pretty('<xml><A><![CDATA[x]]></A><B><C>1</C></B></xml>')).toBe('<xml>\n  <A><![CDATA[x]]></A>\n  <B>\n    <C>1</C>\n  </B>\n</xml>')
    expect(pretty('{half')).toBe('{half')
    expect(briefPath('http://h/cgi-bin/user/info?openid=o1&lang=zh_CN&access_token=97')).toBe('/cgi-bin/user/info?openid=o1')
    expect(briefPath('http://h/wechat/oa/wx1?signature=a&timestamp=1&openid=o1&nonce=2')).toBe('/wechat/oa/wx1?openid=o1')
    expect([gist('<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event>'), gist('{"event_type":"TRANSACTION.SUCCESS"}'), gist('<MsgType>text</MsgType>'), gist(null)]).toEqual(['SCAN', 'TRANSACTION.SUCCESS', 'text', ''])
    expect(pathOf('http://127.0.0.1:1/v3/a?b=1')).toBe('/v3/a?b=1')
  })
})
