"""Fans: one real person, whatever the door they came through.

owns       fans, their identities (app id and openid, unionid), follow state, stage, counters,
           the timeline, personal data under seal, the fan's sign-in; what is said of fans: the
           merchant's own attributes, tags, facts of behaviour, segments and their members;
           purchases made elsewhere before, and scores of recency, frequency and money; the
           merchant's named points, and the last coarse place of fans who agreed
promises   one (app id, openid) is one fan, however many ask at once; identities that turn out to
           be one person are joined without moving a row; counters equal a recount of the timeline;
           personal data leaves the room masked, and each reveal is audited; a snapshot visitor
           of WeChat's is never bound; facts equal a fold of the timeline; a rule found by SQL and
           a rule judged for one fan agree; each tag says who gave it, when and why; a purchase from
           before counts once in its source, apart from orders and money of the house; a place is
           kept only while merchant and fan want it, one each, to about a hundred metres
publishes  FanJoined · FanArrived · FanFollowed · FanScanned · FanUnfollowed · FollowersImported ·
           StageChanged · FansMerged · FansParted · FanErased · SegmentEntered · SegmentLeft ·
           SegmentRefreshed
           (doors that no room hears yet: a fan joined, was erased, and the three of segments)
hears      Followed · Unfollowed · Scanned · MessageReceived · Located · MenuClicked · TouchRecorded ·
           CodeSaved · OrderPlaced · OrderPaid · OrderShipped · OrderReceived · OrderClosed ·
           OrderRefunded · AfterSaleRequested · StageChanged
"""
