# 代表走访 App 的全部句子。两个文件的键必须相同。

app-gone = 本机程序没有运行，看到的可能是旧的。请重新打开程序；写好的内容先不要关掉。

home-title = 首页
home-heading = 回音 · 代表走访
home-areas = 片区：{ $areas }
home-records = 本机记下的
home-receipt = 县里最近一次回执：{ $at }
home-no-receipt = 还没有收到过县里的回执。
home-draft = 有一份没写完的走访，点这里接着写
home-apart = 没能合进台账、单独放着的
home-refused = 有一处修改没能并入记录；县里看得到它和原因
home-offline = 没有信号也能用
home-offline-means = 照常记录。先存在本机，有信号时自动送到县里；收到县里的回执，才算“县里已收”。

place-here = 在本机
place-road = 在路上
place-received = 县里已收
place-others = 别处记录
place-here-means = 只保存在这台手机上，还没有送到县里。有信号时会自动送去。
place-road-means = 正在送往县里，还没有收到回执。
place-received-means = 县里已经收到，有回执为证。
place-others-means = 这一条是别处记下、送到本机的。

road-open = 路是通的：现在能联系上县里。
road-calling = 正在联系县里……
road-closed = 现在联系不上县里。照常记录就行，有信号时会自动送去。
road-why = 原因：

visit-new = 走访记录
visit-where = 在哪里
visit-place = 组或屯（可不填，不要写到哪一户）
visit-place-hint = 如：三组
visit-heard = 听到的意见 { $number }
visit-text = 说了什么（照原话记）
visit-contact = 姓名电话（可不填）
visit-sealed = 保存时立即密封，只有县里能打开；本机也打不开。草稿里不存姓名和电话。
notice-what-for = 请念给本人听：留姓名电话，只为这件事找您用，不做别的；不留也一样办。
notice-who = 只有县里打得开，打开要记下是谁、为什么。
notice-how-long = 事情办完后过一段时间就删掉；什么时候不想留了，拿受理号和听答复的号到任何一台终端都能收回。
notice-child = 不满十四岁的，不要留姓名电话。
visit-agreed = 已念给本人听；本人满十四岁，同意留
visit-name = 姓名
visit-phone = 电话
visit-more = 再加一条意见
visit-full = 一次走访最多记 { $max } 条意见，请保存后另记一次。
visit-less = 去掉意见 { $number }
visit-rest = 其他
visit-note = 备注（可不填）
visit-save = 保存到本机
visit-not-saved = 还没有保存。写的内容都还在下面。
visit-before = 这张表已经保存过了，没有重复记录。您后来又改了内容：如果要另记一次走访，请再按一次保存。
visit-before-show = 看已保存的走访
visit-again = 再记一次走访

complaints = 还没有保存，先看看这几处：
complaint-village = 请选哪个村
complaint-topic = 请选类别
complaint-text = 请写下说了什么
complaint-agreed = 留姓名电话，要先念给本人听、本人同意，再打勾；不同意就不要填
complaint-nothing = 请至少写一条意见，或者在备注里写一句
complaint-word = 这个选项县里没有，请重新选
complaint-long = 太长了：最多 { $max } 个字，请删去 { $over } 个字，或分成两条
complaint-act = 请选做了什么
complaint-note = 这一步要写一句说明

draft-found = 这是 { $at } 没写完的走访，可以接着写。
draft-without = 姓名和电话不存进草稿，需要时请再填一次。
draft-discard = 不要了，重新写
draft-keep = 先存草稿，以后再写
draft-kept = 草稿已保存在本机（不含姓名和电话）
draft-lost = 草稿没有存上
draft-before = 这张表已经保存过了，后来写的没有存成草稿。要另记一次走访，请按保存。
draft-full = 草稿最多存 { $max } 份，现在存满了，这一份没有存上。请到首页打开一份，写完保存或者不要了。

saved-title = 走访已保存
saved-here = 已经保存在这台手机上
saved-tell = 把两个号告诉本人
saved-opening = 听答复的号：
saved-secret = 这个号和下面的方块只给本人，别给别人
saved-code = 请本人拍下方块，或抄下两个号。到县里任何一台终端扫一扫，就能听到答复。
saved-openings-gone = 听答复的号只在保存后显示，本机不存。本人没有记下的，请到县里补一个。

visits-title = 走访
visits-none = 还没有走访记录。
visits-heard = 听到 { $count } 条意见

opinions-title = 意见
opinions-search = 查找
opinions-search-hint = 受理号、村名、字词
opinions-state = 状态
opinions-all = 全部
opinions-find = 查找
opinions-total = 本机有 { $count } 条
opinions-none = 没有找到。本机只有您片区里、已经送到这台手机的意见。
opinions-newer = ‹ 上一页
opinions-older = 下一页 ›

opinion-title = 一条意见
opinion-saved = 已经保存在这台手机上。
opinion-same = 没有改动：记录里已经是这样。
opinion-sealed = 姓名电话已密封，只有县里能打开。
opinion-satisfaction = 满意度 { $number }（共 5 分）
opinion-answer = 给本人的答复
opinion-said = 说了什么
opinion-added = 补充
opinion-filed = 记录
opinion-questions = 有两种说法，等县里裁定
opinion-questions-means = 两处同时记下、互相不知道。两种都留着，谁的也没有丢。
opinion-clash = 两个步骤不能同时成立
opinion-other-text = 同一条意见在另一处也起了头，那里写的是：
opinion-steps = 经过
opinion-add = 补充
opinion-add-means = 补充在原话后面，原话不改
opinion-add-save = 保存补充
opinion-step = 记一步
opinion-step-note = 说明
opinion-step-save = 保存这一步
opinion-step-none = 现在没有代表可以记的步骤。
opinion-correct = 更正类别和紧急程度
opinion-correct-means = 原来的值仍然留在记录里。
opinion-correct-save = 保存更正

attachment-voice = 语音 { $seconds } 秒
attachment-voice-unmeasured = 语音
attachment-photo = 照片
attachment-ink = 手写
attachment-unknown = 附件（由较新的程序登记）
attachment-sealed = 已封存，只有县里能打开
attachment-erased = 已删除

choose = 请选择
choose-none = 不选

field-title = 标题
field-topic = 类别
field-village = 村
field-town = 乡镇
field-station = 联络站
field-channel = 渠道
field-deputy = 代表
field-urgency = 紧急程度
field-office = 承办单位
field-sort = 性质

trouble-title = 没有办成
trouble-full = 手机存满了或写不进去。请先腾出一些空间，再按一次保存。
trouble-damaged = 本机的台账读不了。请先不要卸载，联系县里的管理员。
trouble-elsewhere = 这份台账是从另一台机器上搬来的，不能再以它的名义写。原有的都还能看。请向县里要一个新代码重新登记，没上报的会一起带上。
trouble-again = 这一次没有写上，请再按一次。还是不行就联系县里的管理员。
trouble-record = 这样记不进去：{ $reason }
trouble-step = 这条意见现在的状态不能走这一步，也许别处刚刚办过。请看看下面的经过。
trouble-nowhere = 这里没有这个页面或这条记录。
trouble-scope = 这个地方不在您的片区里，不能在这里记录。
trouble-tickets = 本机的受理号用完了，请联系县里的管理员重新登记。
trouble-codebook = 县里给本机的词表读不了，请联系县里的管理员。
trouble-seal = 姓名或电话太长，密封不了。请写短一些。
trouble-form = 发来的内容读不懂，或者太长，没有保存。写的内容还在原来那一页上。

# 捎带：给没有网的村捎东西。
carrying-title = 捎带
carrying-means = 没有网的村，可以把要送到县里的话封好交给您带上；您看不到里面的内容，也改不了。有信号时自动交给县里，县里的答复再由您带回去。
carrying-address = 对方的地址（自助终端的写在机身标签上）
carrying-call = 现在交接
carrying-with = 已和 { $who } 交接
carrying-counts = 交出 { $given } 件，收下 { $taken } 件。
carrying-stale = 对方很久没有县里的消息，不知道后来哪些设备被注销。最近一次：
carrying-found = 就在这个网里
carrying-found-means = 自动找到的本县设备。走近了手机会自己和它们交接一次；您也可以再交接一次。
carrying-not = 有一件没有交接：
carrying-failed = 没有交接成，什么也没有丢。请走近一些，看看地址对不对，再试一次。
carrying-up = 带往县里
carrying-home = 带回村里
carrying-none = 现在没有捎带的东西。
carrying-places = 正给 { $count } 处捎带
carrying-line = { $parcels } 件，{ $size }
carrying-since = 从什么时候起：
carrying-part = 还没有收全，下次接着收。
carrying-handed = 托别人捎带的
carrying-handed-line = { $parcels } 件，县里已听到 { $heard } 件
