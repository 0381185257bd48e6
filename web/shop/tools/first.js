// Loaded beside the first script: asks for what the first page shows while that script is still on its way, and
// core/wire.ts takes the answer up. Public data only, so no sign-in is sent. Not compiled: plain enough for any phone.
(function () {
  var place = location.hash.replace(/^#/, '')
  var product = /^\/pages\/product\/index\?id=(\d+)/.exec(place) || /^\/products\/(\d+)/.exec(place)
  var home = place === '' || place === '/' || /^\/(pages\/home\/index|home)/.test(place)
  if (!window.fetch || !(product || home)) return
  var url = location.pathname.replace(/\/shop\/.*$/, '') + '/api/shop/' + (product ? 'products/' + product[1] : 'home')
  var asked = fetch(url, { headers: { Accept: 'application/json' } }).then(function (answer) {
    return answer.json().then(function (body) {
      return { statusCode: answer.status, data: body, header: { date: answer.headers.get('date') || '' } }
    })
  })
  asked.catch(function () {})
  window.tiefenFirst = { url: url, asked: asked }
})()
